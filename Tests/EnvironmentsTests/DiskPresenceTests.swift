import AtollClaims
import AtollDiskImages
import AtollModel
import AtollPlatform
import AtollTemplates
import AtollTestSupport
import Glibc
import OrderedCollections
import Testing

@testable import AtollEnvironments

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

    @Test func aBridgeNetNeedsItsBridge() throws {
        let id = try #require(PrefixID("fe689d3c39d011e5b22b54ee755a00ca"))
        var net = NetSpec(name: "lan")
        net.kind = .bridge
        let machine = Machine(spec: DomainSpec(name: "a"), nics: [NIC(net: "lan", address: nil)], managementNet: "m")
        let environment = Environment(
            id: id, machines: ["a": machine], networks: ["lan": Network(spec: net, gateway: nil, management: false)])
        let error = #expect(throws: EnvironmentError.self) { try HostBridge.check(machine, of: environment, devices: space.path) }
        #expect(error?.message.contains("ip link add fe68-lan type bridge && sudo ip link set fe68-lan up") == true)
        try Directories.make(space.path + "/fe68-lan/bridge")
        try HostBridge.check(machine, of: environment, devices: space.path)
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
