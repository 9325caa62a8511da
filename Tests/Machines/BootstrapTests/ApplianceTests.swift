import AtollCommands
import AtollGuestfs
import AtollModel
import AtollPlatform
import AtollTestSupport
import Foundation
import Testing

@testable import AtollBootstrap

/// With a real appliance: about a minute under emulation, so only where integration tests are asked for.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["ATOLL_INTEGRATION"] == "1"), .serialized)
struct SysprepIntegrationTests {
    private let workspace: Workspace
    private let book: RecipeBook

    init() throws {
        workspace = try Workspace()
        book = try RecipeBook(directory: RecipeTests.shipped)
    }

    /// A disk with enough of a Debian on it to be found, made by guestfish: `layout` lists its commands up to the mounted root.
    private func makeDisk(_ name: String, size: String, layout: [String]) async throws -> String {
        let path = "\(workspace.path)/\(name)"
        try await Tool.run("qemu-img", ["create", "-q", "-f", "raw", path, size])
        let files = [
            "mkdir-p", "/etc/network", ":", "mkdir-p", "/etc/ssh", ":", "mkdir-p", "/sbin", ":", "mkdir", "/root", ":", "touch",
            "/sbin/ifup", ":",
            "write", "/etc/os-release", "ID=debian\nVERSION_ID=12\n", ":", "write", "/etc/network/interfaces", "auto lo\n", ":",
            "write", "/etc/ssh/ssh_host_rsa_key", "old\n", ":", "write", "/etc/shadow", "root:!:19000::::::\n", ":", "umount-all",
        ]
        try await Tool.run(
            "guestfish", ["--format=raw", "-a", path, "--", "run", ":"] + layout + [":"] + files,
            environment: ["LIBGUESTFS_BACKEND": "direct", "LIBGUESTFS_BACKEND_SETTINGS": "force_tcg"])
        return path
    }

    private func clones(of path: String, _ names: [String]) async throws -> [SysprepBatch.Disk] {
        var disks: [SysprepBatch.Disk] = []
        for name in names {
            let clone = "\(workspace.path)/\(name).qcow2"
            try await Tool.run("qemu-img", ["create", "-q", "-f", "qcow2", "-b", path, "-F", "raw", clone])
            disks.append(SysprepBatch.Disk(path: clone, format: .qcow2, identity: Samples.identity(name, password: "s3cret")))
        }
        return disks
    }

    /// Mounts the disks one by one in one appliance and checks whose each is.
    private func expectIdentities(_ disks: [SysprepBatch.Disk], root: @escaping @Sendable (_ disk: String) -> String, isVolume: Bool)
        async throws
    {
        try await Blocking.run {
            let appliance = try Appliance(Appliance.Options(forceTCG: true))
            defer { appliance.close() }
            for disk in disks { try appliance.add(disk.path, format: "qcow2", readOnly: true) }
            try appliance.launch()
            #expect(try appliance.devices() == disks.indices.map(LiveAppliance.deviceName))
            for (disk, device) in zip(disks, try appliance.devices()) {
                if isVolume { try appliance.restrictLVM(to: [device + "1"]) }
                try appliance.mount(root(device), at: "/")
                #expect(String(decoding: try appliance.read("/etc/hostname"), as: UTF8.self) == disk.identity.hostname + "\n")
                #expect(String(decoding: try appliance.read("/etc/network/interfaces"), as: UTF8.self).contains("192.168.200.2"))
                let key = try #require(try appliance.status("/etc/ssh/ssh_host_ed25519_key"))
                #expect(key.mode & 0o7777 == 0o600 && key.owner == 0)
                let directory = try #require(try appliance.status("/root/.ssh"))
                #expect(directory.isDirectory && directory.mode & 0o7777 == 0o700)
                #expect(try appliance.status("/etc/ssh/ssh_host_rsa_key") == nil)
                #expect(String(decoding: try appliance.read("/etc/shadow"), as: UTF8.self).hasPrefix("root:$6$"))
                try appliance.unmountAll()
            }
        }
    }

    @Test func twoClonesOfXFSOnLVM() async throws {
        let template = try await makeDisk(
            "lvm.raw", size: "420M",
            layout: [
                "part-disk", "/dev/sda", "mbr", ":", "pvcreate", "/dev/sda1", ":", "vgcreate", "vg-0", "/dev/sda1", ":",
                "lvcreate-free", "root", "vg-0", "100", ":", "mkfs", "xfs", "/dev/vg-0/root", ":", "mount", "/dev/vg-0/root", "/",
            ])
        let disks = try await clones(of: template, ["vm-a", "vm-b"])
        let outcomes = try await SysprepBatch.run(disks, recipes: book, forceTCG: true)
        #expect(outcomes.map(\.recipe) == ["debian", "debian"])
        #expect(outcomes.map(\.network) == [.ifupdown, .ifupdown])
        try await expectIdentities(disks, root: { _ in "/dev/vg-0/root" }, isVolume: true)
    }

    @Test func twoClonesOfBtrfs() async throws {
        let template = try await makeDisk(
            "btrfs.raw", size: "300M",
            layout: ["part-disk", "/dev/sda", "mbr", ":", "mkfs", "btrfs", "/dev/sda1", ":", "mount", "/dev/sda1", "/"])
        let disks = try await clones(of: template, ["vm-a", "vm-b"])
        let outcomes = try await SysprepBatch.run(disks, recipes: book, forceTCG: true)
        #expect(outcomes.map(\.hostname) == ["vm-a", "vm-b"])
        // The kernel that reads them back knows one of the two as well; the second took an appliance of its own.
        try await expectIdentities([disks[1]], root: { $0 + "1" }, isVolume: false)
    }

    @Test func aMissingDiskIsSaidBeforeAnythingStarts() async throws {
        let disk = SysprepBatch.Disk(path: "\(workspace.path)/gone.qcow2", format: .qcow2, identity: Samples.identity())
        let error = try await #require(throws: BootstrapError.self) { try await SysprepBatch.run([disk], recipes: book, forceTCG: true) }
        #expect(error.code == .appliance)
        #expect(error.message.contains("gone.qcow2"))
    }
}
