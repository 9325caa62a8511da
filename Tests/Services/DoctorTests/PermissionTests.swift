import AtollCommands
import AtollClaims
import AtollPlatform
import AtollTestSupport
import Foundation
import Glibc
import Testing

@testable import AtollDoctor

@Suite struct PermissionTests {
    let qemu = Account(name: "libvirt-qemu", id: 64055, groups: [64055, 107])

    private func passes(_ mode: mode_t, owner: uid_t = 0, group: gid_t = 0, _ list: String? = nil, account: Account? = nil) -> Bool {
        Permission(PathStatus(mode: mode, owner: owner, group: group), accessList: list).allows(account ?? qemu, Permission.execute)
    }

    @Test func theModeDecidesWithoutAList() {
        #expect(passes(0o755))
        #expect(!passes(0o770))
        #expect(passes(0o710, group: 107))
    }

    @Test func theOwnerIsJudgedAsOwnerAlone() { #expect(!passes(0o077, owner: 64055)) }

    @Test func aMemberIsNotJudgedAsAnyoneElse() { #expect(!passes(0o705, group: 107)) }

    @Test func theMaskCutsANamedEntry() {
        #expect(passes(0o770, "user::rwx\nuser:64055:--x\ngroup::rwx\nmask::rwx\nother::---"))
        #expect(!passes(0o740, "user::rwx\nuser:64055:--x\ngroup::rwx\nmask::r--\nother::---"))
    }

    @Test func aNamedEntryWinsOverGroups() {
        #expect(!passes(0o775, group: 107, "user::rwx\nuser:64055:r--\ngroup::rwx\nmask::rwx\nother::r-x"))
    }

    @Test func aNamedGroupLetsItsMembersThrough() {
        #expect(passes(0o770, "user::rwx\ngroup::rwx\ngroup:107:--x\nmask::rwx\nother::---"))
        #expect(!passes(0o775, "user::rwx\ngroup::rwx\ngroup:107:r--\nmask::rwx\nother::r-x"))
    }

    @Test func rootPassesEverywhere() { #expect(passes(0o000, account: Account(name: "root", id: 0, groups: [0]))) }

    @Test func theKernelAgrees() async throws {
        // Only root can become somebody else to ask the kernel; others have the cases above.
        guard geteuid() == 0, let nobody = HostFacts.live().account("nobody") else { return }
        let space = try Workspace()
        let directory = space.path + "/d"
        let facts = HostFacts.live()
        _ = try Directories.make(directory)
        for (mode, entry) in [(0o755, ""), (0o700, ""), (0o700, "u:nobody:x"), (0o755, "u:nobody:r"), (0o711, "u:nobody:---")] {
            #expect(chmod(directory, mode_t(mode)) == 0)
            try await Tool.run("setfacl", ["-b", directory])
            #expect(chmod(directory, mode_t(mode)) == 0)
            if !entry.isEmpty { try await Tool.run("setfacl", ["-m", entry, directory]) }
            let status = try #require(facts.status(directory))
            let ours = Permission(status, accessList: await facts.accessList(directory)).allows(nobody, Permission.execute)
            let kernel = try await Tool.output(
                "setpriv", ["--reuid", "\(nobody.id)", "--clear-groups", "--regid", "\(nobody.groups[0])", "test", "-x", directory])
            #expect(ours == (kernel.status == 0), "mode \(String(mode, radix: 8)), entry \(entry)")
        }
    }
}

@Suite struct PathCheckTests {
    let host = ImaginaryHost()

    @Test func theFirstDirectoryInTheWayIsNamed() async throws {
        host.spoil {
            $0.paths["/var/lib"]?.mode = 0o750
            $0.accessLists["/var/lib/atoll"] = nil
            // Then nobody else could look further; root can.
            $0.user = Account(name: "root", id: 0, groups: [0])
        }
        let finding = try #require(await host.finding("store-access"))
        #expect(finding.severity == .failure)
        #expect(finding.remedy == ["setfacl -m u:libvirt-qemu:x /var/lib"])
    }

    @Test func aLostEntryIsFound() async throws {
        host.spoil { $0.accessLists["/var/lib/atoll/images"] = nil }
        #expect(try #require(await host.finding("image-access")).remedy == ["sudo setfacl -m u:libvirt-qemu:x /var/lib/atoll/images"])
        #expect(try #require(await host.finding("store-access")).severity == .ok)
    }

    @Test func aTemplateHasToBeReadable() async throws {
        host.spoil {
            $0.paths["/var/lib/atoll/store/r:tiny:1"] = PathStatus(mode: 0o640, owner: 0, group: 111, kind: S_IFREG)
            $0.paths["/var/lib/atoll/store/r:tiny:1.hash"] = PathStatus(mode: 0o600, owner: 0, group: 111, kind: S_IFREG)
        }
        #expect(
            try #require(await host.finding("store-access")).remedy == ["sudo setfacl -m u:libvirt-qemu:r /var/lib/atoll/store/r:tiny:1"])
    }

    @Test func aDiskHasToBeWritable() async throws {
        host.spoil {
            $0.paths["/var/lib/atoll/images/0123456789abcdef0123456789abcdef"] = PathStatus(mode: 0o2770, owner: 0, group: 111)
            $0.accessLists["/var/lib/atoll/images/0123456789abcdef0123456789abcdef"] = ImaginaryHost.qemuEntry
            $0.paths["/var/lib/atoll/images/0123456789abcdef0123456789abcdef/a b.qcow2"] = PathStatus(
                mode: 0o640, owner: 0, group: 111, kind: S_IFREG)
        }
        #expect(
            try #require(await host.finding("image-access")).remedy == [
                "sudo setfacl -m u:libvirt-qemu:rw '/var/lib/atoll/images/0123456789abcdef0123456789abcdef/a b.qcow2'"
            ])
    }

    @Test func theConfiguredUserIsTheOneThatCounts() {
        #expect(PathCheck.configuredUser("# user = \"x\"\n#user = \"root\"\n user = \"+qemu\"\n") == "qemu")
        #expect(PathCheck.configuredUser("user_x = \"root\"\n") == nil)
    }

    @Test func pathsAreWalkedFromTheRoot() { #expect(PathCheck.ancestors("/var/lib") == ["/", "/var", "/var/lib"]) }

    @Test func quotesSurviveAShell() {
        #expect(quoted("/a/b-c_1.2") == "/a/b-c_1.2")
        #expect(quoted("it's") == "'it'\\''s'")
    }
}
