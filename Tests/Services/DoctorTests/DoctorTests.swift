import AtollClaims
import AtollPlatform
import AtollTestSupport
import Foundation
import Glibc
import Testing

@testable import AtollDoctor

@Suite struct DoctorTests {
    let host = ImaginaryHost()

    @Test func aHostInOrderHasNothingToMend() async {
        let findings = await Doctor.examine(facts: host.facts)
        #expect(findings.filter { $0.severity != .ok } == [])
        #expect(findings.allSatisfy { $0.remedy.isEmpty })
        #expect(Set(findings.map(\.id)).count == findings.count)
    }

    @Test func findingsAreJSON() throws {
        let finding = Finding("disk", .warning, "disk space", "little", remedy: ["atoll template gc"])
        let text = try JSONEncoder().encode(finding)
        #expect(try JSONDecoder().decode(Finding.self, from: text) == finding)
        #expect(String(decoding: text, as: UTF8.self).contains("\"severity\":\"warning\""))
    }

    // MARK: libvirt

    @Test func withoutSystemdTheDaemonsAreStartedByHand() async throws {
        host.spoil {
            $0.hasSystemd = false
            $0.paths["/run/libvirt/libvirt-sock"] = nil
            $0.paths["/run/libvirt/virtlogd-sock"] = nil
        }
        let finding = try #require(await host.finding("libvirt-socket"))
        #expect(finding.severity == .failure)
        #expect(finding.remedy == ["sudo virtlogd -d", "sudo libvirtd -d"])
        // Asking a daemon that is known to be absent would only repeat it.
        #expect(try #require(await host.finding("libvirt-answers")).detail.contains("its socket comes first"))
    }

    @Test func aLogDaemonThatRunsIsNotStartedTwice() async throws {
        host.spoil {
            $0.hasSystemd = false
            $0.paths["/run/libvirt/libvirt-sock"] = nil
        }
        #expect(try #require(await host.finding("libvirt-socket")).remedy == ["sudo libvirtd -d"])
    }

    @Test(arguments: [
        LibvirtAnswer.refused("authentication unavailable"),
        .failed("internal error: Unable to get system bus connection: Could not connect"),
    ])
    func aMemberRefusedWithoutPolkitLetsTheGroupDecide(answer: LibvirtAnswer) async throws {
        host.spoil {
            $0.hasSystemd = false
            $0.answer = answer
        }
        let finding = try #require(await host.finding("libvirt-answers"))
        #expect(finding.remedy.last == "sudo libvirtd -d -f /run/libvirt/group.conf")
    }

    @Test func rootNeedsNoSudo() async throws {
        host.spoil {
            $0.user = Account(name: "root", id: 0, groups: [0])
            $0.paths["/run/libvirt/libvirt-sock"] = nil
        }
        #expect(try #require(await host.finding("libvirt-socket")).remedy.first?.hasPrefix("systemctl enable --now") == true)
    }

    @Test func someoneOutsideTheGroupIsToldToJoin() async throws {
        host.spoil { $0.user.groups = [1000] }
        let finding = try #require(await host.finding("libvirt-socket"))
        #expect(finding.severity == .failure)
        #expect(finding.remedy == ["sudo usermod -aG libvirt alice", "newgrp libvirt"])
    }

    @Test(arguments: [
        (LibvirtAnswer.refused("authentication unavailable"), "usermod"), (.failed("end of file"), "enable --now"), (nil, "restart"),
    ])
    func everyKindOfSilenceHasItsOwnRemedy(answer: LibvirtAnswer?, word: String) async throws {
        host.spoil { $0.answer = answer }
        let finding = try #require(await host.finding("libvirt-answers"))
        #expect(finding.severity == .failure)
        #expect(finding.remedy.contains { $0.contains(word) })
    }

    @Test func aDaemonThatHangsIsGivenUp() async throws {
        let space = try Workspace()
        let socket = space.path + "/s"
        let listener = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socket.utf8) }
        let bound = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        try #require(bound == 0 && listen(listener, 4) == 0)
        // It accepts and never says a word.
        let answer = await LibvirtAnswer.ask("qemu+unix:///system?socket=\(socket)", patience: .milliseconds(200))
        #expect(answer == nil)
    }

    @Test func withoutTheLogDaemonNoDomainStarts() async throws {
        host.spoil { $0.paths["/run/libvirt/virtlogd-sock"] = nil }
        #expect(try #require(await host.finding("virtlogd")).remedy == ["sudo systemctl enable --now virtlogd.socket"])
    }

    // MARK: programs and acceleration

    @Test(arguments: [("debian", "sudo apt-get install -y qemu-utils"), ("fedora", "sudo dnf install -y qemu-img")])
    func packagesAreNamedAsTheDistributionNamesThem(distribution: String, command: String) async throws {
        host.spoil {
            $0.distributions = [distribution]
            $0.programs.remove("qemu-img")
        }
        #expect(try #require(await host.finding("qemu-img")).remedy == [command])
    }

    @Test func aDistributionIsKnownByItsFamily() {
        #expect(HostFacts.osRelease("NAME=\"x\"\nID_LIKE=\"ubuntu debian\"\nID=linuxmint\n") == ["linuxmint", "ubuntu", "debian"])
    }

    @Test func emulationIsAWarningAndSaysWhy() async throws {
        host.spoil { $0.acceleration = Acceleration(isUsable: false, reason: "/dev/kvm is there, but the CPU shows neither vmx nor svm") }
        let finding = try #require(await host.finding("acceleration"))
        #expect(finding.severity == .warning)
        #expect(finding.detail.contains("neither vmx nor svm"))
    }

    @Test(arguments: [("auto", Finding.Severity.warning), ("kvm", .failure), ("tcg", .ok)])
    func whatIsAskedForDecidesHowBadMissingKVMIs(asked: String, severity: Finding.Severity) async throws {
        host.spoil { $0.acceleration = Acceleration(isUsable: false, reason: "there is no /dev/kvm") }
        let finding = try #require(await host.finding("acceleration", subject: Subject(accelerator: asked)))
        #expect(finding.severity == severity)
        #expect(finding.detail.contains("there is no /dev/kvm"))
        if asked != "auto" { #expect(finding.detail.contains("asked for")) }
    }

    @Test(arguments: [("kvm", "KVM, as asked for"), ("tcg", "TCG, as asked for")])
    func whatIsAskedForAndWorksIsSaid(asked: String, words: String) async throws {
        let finding = try #require(await host.finding("acceleration", subject: Subject(accelerator: asked)))
        #expect(finding.severity == .ok)
        #expect(finding.detail.hasPrefix(words))
    }

    @Test func aCapableProcessorWithoutTheDeviceLacksAModule() async throws {
        host.spoil {
            $0.acceleration = Acceleration(isUsable: false, reason: "there is no /dev/kvm")
            $0.files["/proc/cpuinfo"] = "flags\t\t: fpu svm\n"
        }
        #expect(try #require(await host.finding("acceleration")).remedy == ["sudo modprobe kvm_amd"])
    }

    @Test func aKernelWithoutModulesBootsNoAppliance() async throws {
        host.spoil { $0.paths["/lib/modules/6.1.0"] = nil }
        let finding = try #require(await host.finding("libguestfs-kernel"))
        #expect(finding.severity == .failure)
        #expect(finding.remedy == ["sudo apt-get install -y linux-image-cloud-amd64"])
    }

    @Test func aKernelForRootAloneIsOpened() async throws {
        host.spoil { $0.paths["/boot/vmlinuz-6.1.0"]?.mode = 0o600 }
        #expect(
            try #require(await host.finding("libguestfs-kernel")).remedy
                == ["sudo dpkg-statoverride --update --add root root 0644 /boot/vmlinuz-6.1.0"])
    }

    // MARK: state, capacity

    @Test func aMissingStateRootIsMadeWithItsRights() async throws {
        host.spoil { state in state.paths = state.paths.filter { !$0.key.hasPrefix("/var/lib/atoll") } }
        let finding = try #require(await host.finding("state-root"))
        #expect(finding.severity == .failure)
        #expect(finding.remedy.first?.hasPrefix("sudo install -d -m 2770 -g libvirt /var/lib/atoll /var/lib/atoll/store") == true)
        #expect(finding.remedy.last?.hasPrefix("sudo setfacl -m u:libvirt-qemu:x /var/lib/atoll ") == true)
    }

    @Test func anOpenStateRootIsClosed() async throws {
        host.spoil { $0.paths["/var/lib/atoll/store"]?.mode = 0o2775 }
        let finding = try #require(await host.finding("state-root"))
        #expect(finding.severity == .warning)
        #expect(finding.detail.contains("/var/lib/atoll/store"))
        #expect(finding.remedy.contains { $0.contains("chmod 2770") })
    }

    @Test func aRootOfOnesOwnNeedsNoGroup() async throws {
        host.spoil { state in
            for name in ["", "/store", "/repos", "/images", "/prefixes"] {
                state.paths["/home/alice/state" + name] = PathStatus(mode: 0o700, owner: 1000, group: 1000)
            }
        }
        let subject = Subject(stateRoot: StateRoot(path: "/home/alice/state"))
        #expect(try #require(await host.finding("state-root", subject: subject)).severity == .ok)
    }

    @Test func leasesThatCannotBeWritten() async throws {
        host.spoil { $0.paths["/var/lib/lago/subnets"] = PathStatus(mode: 0o755, owner: 0, group: 0) }
        #expect(
            try #require(await host.finding("lease-directory")).remedy
                == ["sudo chgrp libvirt /var/lib/lago/subnets", "sudo chmod 2775 /var/lib/lago/subnets"])
    }

    @Test(arguments: [(Int64(512) << 20, Finding.Severity.failure), (5 << 30, .warning), (50 << 30, .ok)])
    func diskSpaceHasTwoThresholds(free: Int64, severity: Finding.Severity) async throws {
        host.spoil { $0.freeDisk = free }
        #expect(try #require(await host.finding("disk")).severity == severity)
    }

    @Test(arguments: [(Int64(256) << 20, Finding.Severity.failure), (1 << 30, .warning), (4 << 30, .ok)])
    func memoryHasTwoThresholds(free: Int64, severity: Finding.Severity) async throws {
        host.spoil { $0.capacity?.availableMemory = free }
        #expect(try #require(await host.finding("memory")).severity == severity)
    }

    // MARK: routes

    @Test func aWideRouteTakesEverySubnet() async throws {
        host.spoil { $0.routes = [HostRoute(base: 0xC0A8_0000, prefixLength: 16, device: "tun0")] }
        let finding = try #require(await host.finding("routes"))
        #expect(finding.severity == .failure)
        #expect(finding.remedy == ["sudo ip route del 192.168.0.0/16 dev tun0"])
    }

    @Test func aNarrowRouteTakesOne() async throws {
        host.spoil {
            $0.routes = [
                HostRoute(base: 0xC0A8_C800, prefixLength: 24, device: "br0"),
                HostRoute(base: 0x0A00_0000, prefixLength: 8, device: "eth0"),
            ]
        }
        let finding = try #require(await host.finding("routes"))
        #expect(finding.severity == .warning)
        #expect(finding.detail.contains("overlaps 1 of the 56 subnets") && finding.detail.contains("55 are free"))
    }

    @Test func ourOwnLeasesAreNoOverlap() async throws {
        let space = try Workspace()
        let uuid = try space.write("prefix/uuid", "abcdef")
        try space.write("leases/200.lease", "[\"\(uuid)\", \"abcdef\"]")
        // Ours, and one of Lago's.
        for device in ["at0123456789ab", "abcd-net"] {
            host.spoil { $0.routes = [HostRoute(base: 0xC0A8_C800, prefixLength: 24, device: device)] }
            let finding = try #require(await host.finding("routes", subject: Subject(leaseDirectory: space.path + "/leases")))
            #expect(finding.severity == .ok)
        }
        // Somebody else's way to the same subnet keeps the environment that has it from starting.
        host.spoil { $0.routes = [HostRoute(base: 0xC0A8_C800, prefixLength: 24, device: "eth1")] }
        let finding = try #require(await host.finding("routes", subject: Subject(leaseDirectory: space.path + "/leases")))
        #expect(finding.severity == .warning)
        #expect(finding.detail.contains("192.168.200.0/24 of the environment at \(space.path)/prefix cannot start"))
        #expect(finding.remedy == ["sudo ip route del 192.168.200.0/24 dev eth1"])
    }
}
