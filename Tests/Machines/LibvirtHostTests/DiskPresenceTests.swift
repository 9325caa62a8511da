import AtollHostPorts
import AtollCommands
import AtollClaims
import AtollDiskImages
import AtollModel
import AtollPlatform
import AtollTemplates
import AtollTestSupport
import Glibc
import OrderedCollections
import Synchronization
import Testing

@testable import AtollLibvirtHost

/// What is looked at before QEMU is asked to open a machine's disks.
@Suite struct DiskPresenceTests {
    let space: Workspace
    var files: PrefixFiles { PrefixFiles(path: space.path) }

    init() throws { space = try Workspace("presence") }

    private func machine(_ disk: Disk) -> Machine {
        var machine = Machine(spec: DomainSpec(name: "a"), nics: [], managementNet: "m")
        machine.disks = [disk]
        return machine
    }

    private func disk(_ path: String, format: DiskSpec.Format = .qcow2, backing: [Disk.Layer] = []) -> Disk {
        Disk(name: "root", device: "vda", format: format, path: path, backing: backing)
    }

    @Test func layersThatWereNotSavedAreReadFromTheImages() async throws {
        let (base, middle, top) = (space.path + "/base", space.path + "/middle", space.path + "/top")
        try await QemuImg.createEmpty(base, format: .raw, size: 1 << 20)
        try await QemuImg.createOverlay(middle, on: base, format: .raw)
        try await QemuImg.createOverlay(top, on: middle, format: .qcow2)
        let whole = [Disk.Layer(path: middle, format: .qcow2), Disk.Layer(path: base, format: .raw)]
        // As Lago's prefixes have it, as a qcow2 base that is an overlay itself, and as our own templates are.
        for saved in [[], [whole[0]], whole] {
            #expect(try DiskPresence.completed(machine(disk(top, backing: saved)), files).disks[0].backing == whole)
        }
        #expect(try DiskPresence.completed(machine(disk(base, format: .raw)), files).disks[0].backing == [])
        try Directories.removeTree(base)
        let error = #expect(throws: EnvironmentError.self) { try DiskPresence.completed(machine(disk(top)), files) }
        #expect(error?.code == .refused && error?.message.contains("is layered on \(base), which is gone") == true)
    }

    @Test func aTemplateThatIsNotTheSameAnyMoreIsNotStarted() async throws {
        let store = TemplateStore(root: StateRoot(path: space.path + "/state"))
        let raw = space.path + "/raw"
        try await QemuImg.createEmpty(raw, format: .raw, size: 1 << 20)
        let name = try TemplateName(repository: "acme", template: "deb", version: "v1")
        let stored = try await store.importImage(raw, as: name)
        let (middle, top) = (space.path + "/middle", space.path + "/top")
        try await QemuImg.createOverlay(middle, on: stored.path, format: .raw)
        try await QemuImg.createOverlay(top, on: middle, format: .qcow2)
        let machine = machine(disk(top, backing: [Disk.Layer(path: middle, format: .qcow2)]))
        let told = Mutex<[String]>([])
        // A tool over another store: the disk says where its template is.
        let tool = ImageDiskTool(variables: [:], store: TemplateStore(root: StateRoot(path: space.path + "/other")))
        func check() async throws {
            try await tool.checkTemplates(under: machine, files: files) { _, note in told.withLock { $0.append(note) } }
        }
        func write(_ byte: UInt8) {
            let descriptor = open(stored.path, O_WRONLY)
            _ = pwrite(descriptor, [byte], 1, 4096)
            close(descriptor)
        }
        try await check()
        #expect(told.withLock { $0 } == [])
        write(7)
        let error = await #expect(throws: EnvironmentError.self) { try await check() }
        #expect(error?.code == .refused && error?.message.contains("acme:deb:v1 changed since it was verified") == true)
        #expect(told.withLock { $0 }.contains("verifying template acme:deb:v1"))
        write(0)
        try await check()
        told.withLock { $0 = [] }
        try await check()
        #expect(told.withLock { $0 } == [])
    }

    @Test func anOverlayHoldsTheTemplateAtTheEndOfItsChain() async throws {
        let store = TemplateStore(root: StateRoot(path: space.path + "/state"))
        let raw = space.path + "/raw"
        try await QemuImg.createEmpty(raw, format: .raw, size: 1 << 20)
        let stored = try await store.importImage(raw, as: try TemplateName(repository: "acme", template: "deb", version: "v1"))
        let middle = space.path + "/middle"
        try await QemuImg.createOverlay(middle, on: stored.path, format: .raw)
        var impatient = store
        impatient.patience = .zero
        let tool = ImageDiskTool(variables: [:], store: impatient)
        let recipe = DiskSpec(name: "root", device: "vda", format: .qcow2, origin: .qcow2(path: middle))
        let disk = disk(space.path + "/top", backing: [Disk.Layer(path: middle, format: .qcow2)])
        let held = try await store.hold(stored.name, for: "removing")
        let error = await #expect(throws: TemplateError.self) { try await tool.create(disk, from: recipe) { _ in } }
        #expect(error?.code == .busy && error?.message.contains("removing") == true)
        held.release()
        try await tool.create(disk, from: recipe) { _ in }
    }

    @Test func whatIsToBeKnownOfATemplateReachesItsUser() async throws {
        let store = TemplateStore(root: StateRoot(path: space.path + "/state"))
        try Directories.make(space.path + "/images")
        let image = space.path + "/images/deb"
        try await QemuImg.createEmpty(image, format: .raw, size: 1 << 20)
        let file = try space.write(
            "repo.json",
            """
            {"name": "acme", "sources": {"disk": {"type": "file", "args": {"root": "\(space.path)/images"}}},
             "templates": {"deb": {"versions": {"v1": {"source": "disk", "handle": "deb", "timestamp": 1}}}}}
            """)
        let catalog = TemplateCatalog(repository: try Repository.load(file), store: store)
        func notes() async throws -> [String]? {
            try await CatalogTemplateSource { catalog }.stored(template: "deb", version: nil)?.notes
        }
        let source = CatalogTemplateSource { catalog }
        #expect(try await source.stored(template: "deb", version: nil) == nil)
        #expect(try await source.fetch(template: "deb", version: nil) { _, _ in }.notes.first?.contains("no .hash") == true)
        // Whoever asks afterwards, in the same verb, is told too.
        #expect(try await source.stored(template: "deb", version: nil)?.notes.first?.contains("no .hash") == true)
        #expect(try await notes() == [])
        try AtomicFile.write(String(repeating: "0", count: 40), to: image + ".hash")
        #expect(try await notes()?.first?.contains("has another image for acme:deb:v1 now") == true)
        try Directories.removeTree(image + ".hash")
        try Directories.removeTree(store.path(try TemplateName(repository: "acme", template: "deb", version: "v1")) + ".digests")
        #expect(try await notes()?.first?.contains("came without our digests") == true)
        #expect(try await notes() == [])
        // Damaged, and to be had again: not in the store for who asks, and made anew for who fetches.
        let path = store.directory + "/acme:deb:v1"
        let descriptor = open(path, O_WRONLY)
        #expect(pwrite(descriptor, [7], 1, 0) == 1)
        close(descriptor)
        #expect(try await source.stored(template: "deb", version: nil) == nil)
        #expect(try await source.fetch(template: "deb", version: nil) { _, _ in }.notes.contains { $0.hasSuffix("it is made anew") })
    }

    @Test func aFileThatQEMUMayNotUseIsRefusedWithTheCommand() throws {
        let stranger: uid_t = 4_000_001
        let image = try space.write("it's/disk.raw", "x")
        #expect(chmod(image, 0o600) == 0 && chmod(space.path, 0o755) == 0 && chmod(space.path + "/it's", 0o700) == 0)
        let closed = machine(disk(image, format: .raw))
        let error = #expect(throws: EnvironmentError.self) { try DiskPresence.checkAccess(closed, files, uid: stranger) }
        let text = error?.message ?? ""
        #expect(text.contains("setfacl -m u:\(stranger):x '\(Directories.real(space.path))/it'\\''s'; "), "\(text)")
        #expect(text.contains("setfacl -m u:\(stranger):rw '\(Directories.real(space.path))/it'\\''s/disk.raw'"), "\(text)")
        #expect(chmod(image, 0o666) == 0 && chmod(space.path + "/it's", 0o711) == 0)
        if AccessControl.allows(.execute, on: "/tmp", uid: stranger) == true, space.path.hasPrefix("/tmp/") {
            try DiskPresence.checkAccess(closed, files, uid: stranger)
        }
    }

    @Test func aCopyThatWouldLoseItsParentIsRefused() async throws {
        let source = space.path + "/source"
        try await Tool.run("qemu-img", ["create", "-q", "-u", "-f", "qcow2", "-b", "base", "-F", "raw", source, "1M"])
        let error = await #expect(throws: EnvironmentError.self) {
            try await ImageDiskTool(variables: [:], store: .init(root: .init(path: space.path), directory: nil)).create(
                disk(space.path + "/copy"),
                from: DiskSpec(name: "root", device: "vda", format: .qcow2, origin: .file(path: source, url: nil, copy: true))
            ) { _ in }
        }
        #expect(error?.message.contains("qemu-img rebase -u -f qcow2 -F raw -b \(space.path)/base \(source)") == true)
        #expect(!SystemCall.exists(space.path + "/copy"))
    }
}
