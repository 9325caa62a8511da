import Glibc
import Testing

@testable import AtollDoctor

/// What only some environments need: it is never a failure that it is missing.
@Suite struct OptionalPartsTests {
    let host = ImaginaryHost()

    private func lacking(_ answer: LibvirtAnswer?) { host.spoil { $0.answer = answer } }

    // MARK: egress

    @Test func aLibvirtWithoutFiltersIsToldFromOneThatIsAway() async throws {
        lacking(.versions(libvirt: "9.0.0", hypervisor: "7.2.0", filterProblem: "this function is not supported by the connection driver"))
        let finding = try #require(await host.finding("network-filters"))
        #expect(finding.severity == .warning)
        #expect(finding.detail.contains("not supported") && finding.detail.contains("egress"))
        #expect(finding.remedy == ["sudo apt-get install -y libvirt-daemon", "sudo systemctl restart libvirtd.service"])
        #expect(try #require(await host.finding("libvirt-answers")).severity == .ok)
        lacking(nil)
        let unknown = try #require(await host.finding("network-filters"))
        #expect(unknown.severity == .warning && unknown.remedy == [])
        #expect(unknown.detail.contains("libvirt comes first"))
    }

    @Test func theDriverIsInAPackageOfItsOwnWhereLibvirtIsSplit() async throws {
        lacking(.versions(libvirt: "11.3.0", hypervisor: "10.0.0", filterProblem: "no driver"))
        host.spoil {
            $0.paths["/var/lib/dpkg/info/libvirt-daemon-common.list"] = PathStatus(mode: 0o644, owner: 0, group: 0, kind: S_IFREG)
        }
        let finding = try #require(await host.finding("network-filters"))
        #expect(finding.remedy.first == "sudo apt-get install -y libvirt-daemon-driver-nwfilter")
    }

    @Test(arguments: [
        (true, "sudo systemctl enable --now virtnwfilterd.socket"), (false, "sudo virtnwfilterd -d"),
    ])
    func aDaemonOfItsOwnIsStarted(systemd: Bool, command: String) async throws {
        lacking(.versions(libvirt: "10.6.0", hypervisor: "9.1.0", filterProblem: "Failed to connect socket"))
        host.spoil {
            $0.distributions = ["fedora"]
            $0.hasSystemd = systemd
            $0.programs.insert("virtnwfilterd")
        }
        #expect(try #require(await host.finding("network-filters")).remedy == [command])
    }

    @Test func theDriverIsInstalledOnFedora() async throws {
        lacking(.versions(libvirt: "10.6.0", hypervisor: "9.1.0", filterProblem: "no driver"))
        host.spoil { $0.distributions = ["fedora"] }
        #expect(
            try #require(await host.finding("network-filters")).remedy.first == "sudo dnf install -y libvirt-daemon-driver-nwfilter")
    }

    @Test func packetsThatPassTheFirewallByAreAWarning() async throws {
        host.spoil { $0.files["/proc/sys/net/bridge/bridge-nf-call-iptables"] = "0\n" }
        let finding = try #require(await host.finding("bridge-firewall"))
        #expect(finding.severity == .warning)
        #expect(
            finding.remedy == [
                "printf '%s\\n' net.bridge.bridge-nf-call-iptables=1 | sudo tee /etc/sysctl.d/90-atoll.conf",
                "sudo sysctl -p /etc/sysctl.d/90-atoll.conf",
            ])
    }

    @Test func aModuleThatIsNotThereYetIsNoFault() async throws {
        host.spoil { $0.files = $0.files.filter { !$0.key.hasPrefix("/proc/sys/net/bridge/") } }
        #expect(try #require(await host.finding("bridge-firewall")).severity == .ok)
    }

    // MARK: hardware

    @Test(arguments: [("debian", "sudo apt-get install -y swtpm swtpm-tools"), ("fedora", "sudo dnf install -y swtpm swtpm-tools")])
    func aTPMIsForThoseWhoAskForOne(distribution: String, command: String) async throws {
        host.spoil {
            $0.distributions = [distribution]
            $0.programs.remove("swtpm_setup")
        }
        let finding = try #require(await host.finding("tpm"))
        #expect(finding.severity == .warning && finding.remedy == [command])
        #expect(finding.detail == "swtpm_setup is not installed; only VMs with `tpm: true` need it")
    }

    @Test(arguments: [("debian", "sudo apt-get install -y ovmf"), ("fedora", "sudo dnf install -y edk2-ovmf")])
    func firmwareIsForThoseWhoAskForIt(distribution: String, command: String) async throws {
        host.spoil {
            $0.distributions = [distribution]
            $0.paths[ImaginaryHost.firmwarePath] = nil
        }
        let finding = try #require(await host.finding("uefi"))
        #expect(finding.severity == .warning && finding.remedy == [command])
        #expect(finding.detail == "there is none for x86_64 guests; only VMs with `firmware: uefi` need it")
    }

    @Test func aDescriptorWithoutItsImageIsNamed() async throws {
        host.spoil { $0.paths["/usr/share/OVMF/OVMF_CODE_4M.fd"] = nil }
        #expect(
            try #require(await host.finding("uefi")).detail.hasPrefix(
                "/usr/share/qemu/firmware/60-edk2-x86_64.json names /usr/share/OVMF/OVMF_CODE_4M.fd, which is not there"))
    }

    @Test func onlyUEFIOfThisArchitectureCounts() {
        let text = ImaginaryHost.firmwareDescriptor
        #expect(HardwareCheck.image(text, "x86_64") == "/usr/share/OVMF/OVMF_CODE_4M.fd")
        #expect(HardwareCheck.image(text, "aarch64") == nil)
        #expect(HardwareCheck.image(text.replacing("uefi", with: "bios"), "x86_64") == nil)
        #expect(HardwareCheck.image("{}", "x86_64") == nil)
        let memory =
            #"{"interface-types": ["uefi"], "mapping": {"device": "memory", "filename": "/f"}, "targets": [{"architecture": "i386"}]}"#
        #expect(HardwareCheck.image(memory, "i386") == "/f")
    }
}
