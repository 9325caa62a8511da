import ArgumentParser
import AtollDisposable
import AtollInitFile
import AtollModel

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

    func execute(_ session: Session) async throws { ImageTable.show(try TaskSession(session).images().list(), session) }
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
        let images = try TaskSession(session).images()
        let criteria = ImageCriteria(distro: distro, release: release, flavor: flavor, arch: arch, name: name)
        let found = try images.find(criteria)
        guard !found.isEmpty else {
            throw DisposableError(
                .image, "no image for \(criteria) in \(images.finder.directory) or among the templates; see: atoll images list")
        }
        ImageTable.show(found, session)
    }
}

/// Images as verbs print them.
private enum ImageTable {
    static func show(_ images: [FoundImage], _ session: Session) {
        func text(_ value: String?) -> Value { value.map(Value.string) ?? .null }
        if session.format == .json {
            return session.show(
                .list(
                    images.map { image in
                        [
                            "name": .string(image.name), "kind": image.isFile ? "file" : "template", "distro": text(image.distro),
                            "release": text(image.release), "flavor": text(image.flavor), "arch": text(image.arch),
                            "timestamp": text(image.timestamp), "ready": .bool(image.isReady),
                        ]
                    }))
        }
        var table = TextTable(["MADE", "DISTRO", "RELEASE", "FLAVOR", "ARCH", "NAME"])
        for image in images {
            table.add([
                image.timestamp ?? "on use", image.distro ?? "-", image.release ?? "-", image.flavor ?? "-", image.arch ?? "-",
                SafeText.line(image.name),
            ])
        }
        session.console.out(table.text)
    }
}
