import ArgumentParser
import AtollInstances
import AtollModel
import AtollPlatform
import AtollTemplates
import Glibc

/// `atoll images`: the noun; its verbs are beside it.
struct ImagesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "images", abstract: "The images that task VMs can be made from.",
        discussion: """
            Files of imagesdir whose name says what they are (YYMMDD_HHMM-DISTRO-RELEASE-FLAVOR-ARCH.qcow2), and the templates of the store.

            Examples:
              atoll images list
              atoll images find --distro debian --release 12
            """,
        subcommands: [ImagesListVerb.self, ImagesFindVerb.self])
}

struct ImagesListVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List all images, the newest first.",
        discussion: """
            Examples:
              atoll images list
              atoll -f json images list
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions

    func execute(_ session: Session) async throws {
        let images = try TaskSession(session, isLenient: true).images()
        ImageTable(images).show(try images.list(), session)
    }
}

struct ImagesFindVerb: QueryVerb {
    static let configuration = CommandConfiguration(
        commandName: "find", abstract: "Find images by what they are, the newest first.",
        discussion: """
            Exit code 2 when there is none, and what was searched.

            Examples:
              atoll images find --distro fedora --release 25 --arch x86_64
              atoll images find 'debian-*'
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @Option(name: .customLong("distro"), help: "Distribution, as fedora or debian.") var distro: String?
    @Option(name: .customLong("release"), help: "Its release, as 25 or 12.") var release: String?
    @Option(name: .customLong("flavor"), help: "What kind of image, as taskotron_cloud.") var flavor: String?
    @Option(name: .customLong("arch"), help: "Architecture, as x86_64.") var arch: String?
    @Argument(help: "A name, with * and ?.") var name: String?

    func execute(_ session: Session) async throws {
        let images = try TaskSession(session, isLenient: true).images()
        let criteria = ImageCriteria(distro: distro, release: release, flavor: flavor, arch: arch, name: name)
        let found = try images.find(criteria)
        guard !found.isEmpty else {
            throw DisposableError(
                .image, "no image for \(criteria) in \(images.finder.directory) or among the templates; see: atoll images list")
        }
        ImageTable(images).show(found, session)
    }
}

/// Images as verbs print them.
struct ImageTable {
    private let images: TaskImages

    init(_ images: TaskImages) { self.images = images }

    func show(_ found: [FoundImage], _ session: Session) {
        if session.format == .json { return session.show(.list(found.map(document))) }
        session.console.out(text(found))
    }

    private func document(_ image: FoundImage) -> Value {
        func text(_ value: String?) -> Value { value.map(Value.string) ?? .null }
        return [
            "name": .string(image.name), "kind": image.isFile ? "file" : "template", "distro": text(image.distro),
            "release": text(image.release), "flavor": text(image.flavor), "arch": text(image.arch),
            "timestamp": text(image.timestamp), "ready": .bool(image.isReady), "bytes": bytes(image).map { .int(Int($0)) } ?? .null,
        ]
    }

    func text(_ found: [FoundImage]) -> String {
        var table = TextTable(["MADE", "SIZE", "KIND", "DISTRO", "RELEASE", "FLAVOR", "ARCH", "NAME"])
        for image in found {
            table.add([
                image.timestamp.map(Self.time) ?? (isRecipe(image) ? "not built yet" : "not here yet"),
                bytes(image).map { "\(ByteSize($0))" } ?? "-", image.isFile ? "file" : isRecipe(image) ? "recipe" : "template",
                image.distro ?? "-", image.release ?? "-", image.flavor ?? "-", image.arch ?? "-", SafeText.line(image.name),
            ])
        }
        return table.text
    }

    /// Whether its template is made here from a recipe on first use.
    private func isRecipe(_ image: FoundImage) -> Bool {
        guard !image.isReady, let source = try? images.catalog?.candidate(image.name).source else { return false }
        if case .build = source { return true }
        return false
    }

    /// What it takes on disk; nil for what is not there yet.
    private func bytes(_ image: FoundImage) -> Int64? {
        switch image.origin {
        case .file(let path, _): SystemCall.status(path).map { Int64($0.st_blocks) * 512 }
        case .template: TemplateName(image.name).flatMap { images.catalog?.store.find($0) }?.realSize
        }
    }

    /// `260131_1200` as people read it.
    static func time(_ stamp: String) -> String {
        let digits = Array(stamp.filter(\.isNumber)).map(String.init)
        guard digits.count == 10 else { return stamp }
        let pairs = stride(from: 0, to: 10, by: 2).map { digits[$0] + digits[$0 + 1] }
        return "20\(pairs[0])-\(pairs[1])-\(pairs[2]) \(pairs[3]):\(pairs[4])"
    }
}
