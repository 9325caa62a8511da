import AtollClaims
import AtollDiskImages
import AtollModel
import AtollPlatform
import AtollTemplates
import AtollTestSupport
import Foundation
import Glibc
import OrderedCollections
import Synchronization

/// A state root, a repository directory with images, and a store.
final class TemplateBench: Sendable {
    let space: Workspace
    let root: StateRoot
    let store: TemplateStore
    let events = Mutex<[TemplateEvent]>([])

    init() throws {
        space = try Workspace("templates")
        root = StateRoot(path: space.path + "/state")
        store = TemplateStore(root: root)
        try Directories.make(images)
    }

    var images: String { space.path + "/images" }

    var warnings: [String] { events.withLock { $0.compactMap { if case .warning(let text) = $0 { text } else { nil } } } }
    func note(_ event: TemplateEvent) { events.withLock { $0.append(event) } }

    /// Names in the store, locks left out: they stay.
    var files: [String] { ((try? Directories.list(root.store)) ?? []).filter { !$0.hasSuffix(".lock") } }

    /// A bootable-looking raw disk with content that depends on `seed`.
    @discardableResult
    func raw(_ name: String, seed: UInt8 = 1, size: Int = 2 << 20) throws -> String {
        var bytes = [UInt8](repeating: 0, count: size)
        bytes[510] = 0x55
        bytes[511] = 0xAA
        for index in 0..<size / 4 { bytes[size / 2 + index] = UInt8(truncatingIfNeeded: index &* 31) &+ seed }
        try Data(bytes).write(to: URL(fileURLWithPath: images + "/" + name))
        return images + "/" + name
    }

    @discardableResult
    func qcow(_ name: String, seed: UInt8 = 1) async throws -> String {
        let raw = try raw(name + ".source", seed: seed)
        try await QemuImg.convert(raw, from: .raw, to: images + "/" + name, as: .qcow2)
        unlink(raw)
        return images + "/" + name
    }

    /// Writes `.hash` and `.metadata` beside an image.
    func describe(_ file: String, hash: String? = nil, metadata: String = #"{"distro": "debian", "arch": "x86_64", "x": [1, "ä"]}"#)
        async throws
    {
        let promised: String
        if let hash { promised = hash } else { promised = try await Digest.file(file).sha1 }
        try AtomicFile.write(promised + "\n", to: file + ".hash")
        try AtomicFile.write(metadata, to: file + ".metadata")
    }

    func catalog(_ templates: String, builder: (any RecipeBuilder)? = nil) throws -> TemplateCatalog {
        let text = """
            {"name": "acme", "sources": {"disk": {"type": "file", "args": {"root": "$IMAGES"}}, "made": {"type": "build", "args": {"recipe": "tiny"}},
             "web": {"type": "http", "args": {"baseurl": "https://img.example.org/repo/"}}},
             "templates": {\(templates)}}
            """
        let path = try space.write("repo.json", text)
        return TemplateCatalog(repository: try Repository.load(path, variables: ["IMAGES": images]), store: store, builder: builder)
    }

    /// A registered prefix with one overlay on `backing`; its directory is made.
    func prefix(on backing: String, format: DiskSpec.Format = .raw, seed: UInt64 = 1) async throws -> RegisteredPrefix {
        var generator = SeededGenerator(seed: seed)
        let id = PrefixID(using: &generator)
        let entry = RegisteredPrefix(
            path: try space.write("w\(seed)/default/uuid", id.hex).replacing("/uuid", with: ""), id: id, verb: "init")
        try PrefixRegistry(root).register(entry)
        try root.makeImages(of: id)
        try await QemuImg.createOverlay(root.images(of: id) + "/vm_root.qcow2", on: backing, format: format)
        return entry
    }
}

/// Builds a raw disk and counts how often.
final class CountingBuilder: RecipeBuilder {
    let built = Mutex(0)
    let digest = Mutex("one")
    let bench: TemplateBench
    init(_ bench: TemplateBench) { self.bench = bench }

    func summary(of recipe: String) throws -> RecipeSummary {
        RecipeSummary(name: recipe, version: "7", digest: digest.withLock { $0 }, metadata: ["distro": "tiny"])
    }

    func build(_ recipe: String, to path: String, line: @escaping @Sendable (String) -> Void) async throws -> OrderedDictionary<
        String, Value
    > {
        let count = built.withLock { count in
            count += 1
            return count
        }
        line("building \(recipe)")
        let file = try bench.raw("built-\(count)", seed: UInt8(count))
        try SystemCall.check("move") { rename(file, path) }
        return ["arch": "x86_64"]
    }
}
