import AtollTestSupport
import AtollModel
import AtollPlatform
import AtollTemplates
import Foundation
import Glibc
import AtollClaims
import OrderedCollections
import Synchronization
import Testing

@Suite struct TemplateCatalogTests {
    let bench: TemplateBench
    init() throws { bench = try TemplateBench() }

    static let disk =
        #""deb": {"versions": {"v1": {"source": "disk", "handle": "deb.qcow2", "timestamp": 5}, "v2": {"source": "disk", "handle": "none", "timestamp": 4.5}}}"#
    static let recipe = #""tiny": {"versions": {"1": {"source": "made", "handle": "tiny", "timestamp": 1}}}"#

    @Test func aTemplateIsFetchedOnceWithItsMetadata() async throws {
        try await bench.describe(try await bench.qcow("deb.qcow2"))
        let catalog = try bench.catalog(Self.disk)
        let first = try await catalog.resolve("deb") { bench.note($0) }
        #expect(first.template.name.description == "acme:deb:v1" && first.warnings == [] && bench.warnings == [])
        #expect(first.template.metadata["x"] == [1, "ä"] && first.template.architecture == "x86_64")
        // The origin is no longer needed.
        try Directories.removeTree(bench.images)
        #expect(try await catalog.resolve("deb", version: "v1") == first)
        #expect(try await catalog.resolve("acme:deb:v1").template == first.template)
    }

    @Test func anotherHashForTheSameVersionIsNoticed() async throws {
        let file = try await bench.qcow("deb.qcow2")
        try await bench.describe(file)
        let catalog = try bench.catalog(Self.disk)
        let stored = try await catalog.resolve("deb").template
        unlink(file)
        try await bench.describe(try await bench.qcow("deb.qcow2", seed: 9))
        let resolved = try await catalog.resolve("deb")
        #expect(resolved.template == stored)
        #expect(resolved.warnings.count == 1 && resolved.warnings[0].contains("has another image for acme:deb:v1"))
        #expect(catalog.note(on: stored) != nil)
        #expect(await #expect(throws: TemplateError.self) { try await catalog.fetch("deb") }?.code == .changed)
        try await bench.store.remove(stored.name)
        #expect(try await catalog.fetch("deb").digest != stored.digest)
    }

    @Test func theRepositorysHashIsHeldAgainstTheImage() async throws {
        let file = try await bench.qcow("deb.qcow2")
        try await bench.describe(file, hash: String(repeating: "0", count: 40))
        let catalog = try bench.catalog(Self.disk)
        #expect(await #expect(throws: TemplateError.self) { try await catalog.resolve("deb") }?.code == .hashMismatch)
        try await bench.describe(file, hash: try await Digest.file(file).sha256)
        _ = try await catalog.resolve("deb")
    }

    @Test func badNamesAndMissingFilesAreExplained() async throws {
        let catalog = try bench.catalog(Self.disk + #", "web": {"versions": {"1": {"source": "web", "handle": "el9", "timestamp": 1}}}"#)
        #expect(await #expect(throws: TemplateError.self) { try await catalog.resolve("dbe") }?.code == .unknownTemplate)
        #expect(await #expect(throws: TemplateError.self) { try await catalog.resolve("deb", version: "v9") }?.code == .unknownVersion)
        let missing = await #expect(throws: TemplateError.self) { try await catalog.resolve("deb", version: "v2") }
        #expect(missing?.code == .missing && missing?.message.contains(bench.images + "/none") == true)
        let web = await #expect(throws: TemplateError.self) { try await catalog.resolve("web") }
        #expect(web?.code == .unsupportedSource && web?.message.contains("https://img.example.org/repo/el9") == true)
        #expect(bench.files == [])
    }

    @Test func aBrokenMetadataFileIsLocated() async throws {
        try await bench.describe(try await bench.qcow("deb.qcow2"), metadata: "{\n \"distro\": el9}")
        let catalog = try bench.catalog(Self.disk)
        let error = await #expect(throws: InvalidInput.self) { try await catalog.resolve("deb") }
        #expect(error?.description.contains("deb.qcow2.metadata:2:12") == true, "\(error?.description ?? "")")
    }

    @Test func aRecipeIsBuiltOnFirstUseAndItsChangeIsNoted() async throws {
        let builder = CountingBuilder(bench)
        let catalog = try bench.catalog(Self.recipe, builder: builder)
        let first = try await catalog.resolve("tiny") { bench.note($0) }
        #expect(first.template.name.description == "acme:tiny:7")
        #expect(first.template.metadata == ["distro": "tiny", "arch": "x86_64"])
        #expect(bench.events.withLock { $0.contains(.building("building tiny")) })
        #expect(try await catalog.resolve("tiny") == first)
        #expect(try await catalog.resolve("tiny", version: "7") == first)
        builder.digest.withLock { $0 = "two" }
        #expect(try await catalog.resolve("tiny").warnings.first?.contains("atoll template build tiny") == true)
        #expect(builder.built.withLock { $0 } == 1)
        // A prefix backs on it: it stays until that is gone.
        _ = try await bench.prefix(on: first.template.path)
        #expect(await #expect(throws: TemplateError.self) { try await catalog.build("tiny") }?.code == .inUse)
        try Directories.removeTree(bench.root.images)
        #expect(try await catalog.build("tiny").digest != first.template.digest)
        #expect(try await catalog.resolve("tiny").warnings == [])
    }

    /// One byte in the middle of an image of the store.
    private func spoil(_ path: String) throws {
        let descriptor = open(path, O_WRONLY)
        defer { close(descriptor) }
        try #require(pwrite(descriptor, [0xEE], 1, 1 << 20) == 1)
    }

    @Test("check 77: a template that changed in the store is had again before boot, or refused while a disk lies on it")
    func aDamagedTemplate() async throws {
        try await bench.describe(try await bench.qcow("deb.qcow2"))
        let builder = CountingBuilder(bench)
        let catalog = try bench.catalog(Self.recipe + ", " + Self.disk, builder: builder)
        let (tiny, deb) = (try await catalog.resolve("tiny").template, try await catalog.resolve("deb").template)
        for stored in [tiny, deb] { try spoil(stored.path) }
        #expect(try await catalog.resolve("tiny") { bench.note($0) }.template.name == tiny.name)
        #expect(builder.built.withLock { $0 } == 2)
        // By its whole name, as tasks have it.
        #expect(try await catalog.resolve("acme:deb:v1") { bench.note($0) }.template.digest == deb.digest)
        #expect(
            bench.warnings.count == 2
                && bench.warnings.allSatisfy { $0.contains("changed since it was verified") && $0.hasSuffix("it is made anew") })
        #expect(try await catalog.resolve("deb").template.digest == deb.digest)
        // Nobody's disk loses what it lies on.
        let prefix = try await bench.prefix(on: deb.path)
        try spoil(deb.path)
        let used = await #expect(throws: TemplateError.self) { try await catalog.resolve("deb") }
        #expect(used?.code == .changed && used?.message.contains(prefix.path) == true, "\(used?.message ?? "")")
        #expect(SystemCall.exists(deb.path))
        // What came by hand cannot be had again.
        let name = try TemplateName(repository: TemplateCatalog.importedRepository, template: "mine", version: "1")
        try spoil(try await bench.store.importImage(try bench.raw("mine"), as: name).path)
        let mine = await #expect(throws: TemplateError.self) { try await catalog.resolve("mine") }
        #expect(mine?.description.hasSuffix("Remove it and fetch it again: atoll template remove local:mine:1") == true)
    }

    @Test func importedImagesAreFoundByName() async throws {
        let catalog = try bench.catalog(Self.disk)
        for version in ["1", "2"] {
            let name = try TemplateName(repository: TemplateCatalog.importedRepository, template: "mine", version: version)
            try await bench.store.importImage(try bench.raw("mine", seed: UInt8(version) ?? 0), as: name)
        }
        #expect(try await catalog.resolve("mine", version: "1").template.name.version == "1")
        #expect(try await catalog.resolve("mine").template.name.repository == "local")
    }

    @Test func theShippedRepositoryIsValid() throws {
        let here = URL(fileURLWithPath: Checkout.root)
        let repository = try Repository.load(here.appendingPathComponent("templates/repo.json").path)
        #expect(repository.name == "atoll")
        #expect(Set(repository.templates.keys) == ["tiny", "debian-12", "debian-12-cloud"])
    }
}
