import AtollModel
import AtollVirtXML
import Foundation
import OrderedCollections
import Testing

@testable import AtollDomainPlan

@Suite struct DomainPlannerTests {
    @Test func theWholeDefinitionAsXML() throws {
        let text = try VirtXML.text(try definition(host: sampleHost(hasVhostNet: false)))
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/domain-environment.xml")
        if ProcessInfo.processInfo.environment["ATOLL_UPDATE_GOLDEN"] == "1" { try text.write(to: file, atomically: true, encoding: .utf8) }
        #expect(text == (try String(contentsOf: file, encoding: .utf8)), "differs from Fixtures/domain-environment.xml")
    }

    // MARK: Architecture and emulator

    struct Kind: Sendable {
        var spec: String?
        var image: String?
        var accelerator = Accelerator.tcg
        /// Architecture and emulator; nil if the plan fails.
        var expected: [String]?
    }

    @Test(arguments: [
        Kind(expected: ["x86_64", "/q-x86"]), Kind(accelerator: .kvm, expected: ["x86_64", "/k-x86"]),
        Kind(image: "aarch64", expected: ["aarch64", "/q-arm"]), Kind(spec: "x86_64", image: "aarch64", expected: ["x86_64", "/q-x86"]),
        Kind(spec: "aarch64", accelerator: .kvm), Kind(spec: "s390x"), Kind(image: "riscv64"),
    ])
    func initFileThenImageThenHostSelectTheArchitecture(_ kind: Kind) throws {
        var machine = try #require(sampleEnvironment { $0.architecture = kind.spec }.machines["vm-host"])
        if let image = kind.image { machine.disks[0].metadata["arch"] = .string(image) }
        let planner = DomainPlanner(host: sampleHost(), accelerator: kind.accelerator)
        guard let expected = kind.expected else {
            let error = #expect(throws: DomainPlanError.self) { try planner.kind(of: machine) }
            #expect(error?.code == .emulator && error?.hint == "atoll doctor")
            #expect(error?.message.contains("VM 'vm-host': no QEMU for \(kind.spec ?? kind.image ?? "") guests") == true)
            return
        }
        let found = try planner.kind(of: machine)
        #expect([found.arch, found.emulator] == expected)
    }

    @Test func vhostNetNeedsKVMAndTheDevice() throws {
        for (accelerator, hasDevice, expected) in [
            (Accelerator.kvm, true, true), (.kvm, false, false), (.tcg, true, false), (.tcg, false, false),
        ] {
            #expect(try definition(host: sampleHost(hasVhostNet: hasDevice), accelerator: accelerator).hasVhostNet == expected)
        }
    }

    // MARK: Firmware and TPM

    struct FirmwareCase: Sendable {
        var spec: Firmware?
        var image: Value?
        var expected: Firmware?
    }

    @Test(arguments: [
        FirmwareCase(expected: nil), FirmwareCase(image: "uefi", expected: .uefi), FirmwareCase(image: ["uefi"], expected: .uefi),
        FirmwareCase(image: ["bios", "uefi"], expected: nil), FirmwareCase(image: "bios", expected: nil),
        FirmwareCase(image: ["nonsense"], expected: nil), FirmwareCase(spec: .bios, image: "uefi", expected: .bios),
        FirmwareCase(spec: .uefi, image: ["bios"], expected: .uefi),
    ])
    func initFileThenImageSelectTheFirmware(_ firmware: FirmwareCase) throws {
        let details = DomainPlanner.Details(domainCapabilities: DomainCapabilities(firmwares: ["bios", "efi"]))
        let found = try definition(
            details: details, spec: { $0.firmware = firmware.spec }, machine: { $0.disks[0].metadata["firmware"] = firmware.image })
        #expect(found.firmware == firmware.expected)
        #expect(found.nvramPath == "\(images)/vm-host.nvram")
    }

    @Test(arguments: ["x86_64", "aarch64"]) func missingUEFIFirmwareIsAnError(_ arch: String) throws {
        let spec: (inout DomainSpec) -> Void = {
            $0.architecture = arch
            // aarch64 has no other firmware.
            $0.firmware = arch == "x86_64" ? .uefi : nil
        }
        for offered in [nil, DomainCapabilities(firmwares: ["bios"])] {
            let error = #expect(throws: DomainPlanError.self) {
                try definition(details: .init(domainCapabilities: offered), spec: spec)
            }
            #expect(error?.code == .firmware)
            #expect(
                error?.hint
                    == "install the package \(arch == "aarch64" ? "qemu-efi-aarch64 (Fedora: edk2-aarch64)" : "ovmf (Fedora: edk2-ovmf)")")
        }
        #expect(try definition(details: .init(domainCapabilities: .init(firmwares: ["efi"])), spec: spec).usesUEFI)
        let machine = try #require(sampleEnvironment(spec).machines["vm-host"])
        #expect(try DomainPlanner(host: sampleHost(), accelerator: .tcg).needsDomainCapabilities(machine))
    }

    @Test func aTPMNeedsItsModelAndTheEmulator() throws {
        let spec: (inout DomainSpec) -> Void = { $0.hasTPM = true }
        for offered in [
            nil, DomainCapabilities(tpmModels: ["tpm-crb"], tpmBackends: ["passthrough"]),
            DomainCapabilities(tpmModels: ["tpm-tis"], tpmBackends: ["emulator"]),
        ] {
            let error = #expect(throws: DomainPlanError.self) {
                try definition(details: .init(domainCapabilities: offered), spec: spec)
            }
            #expect(error?.code == .tpm && error?.hint.contains("swtpm") == true)
        }
        let offered = DomainCapabilities(tpmModels: ["tpm-crb"], tpmBackends: ["emulator"])
        #expect(try definition(details: .init(domainCapabilities: offered), spec: spec).hasTPM)
    }

    @Test func slowHostPropertiesAreNeededOnlyByVMsThatUseThem() throws {
        let planner = DomainPlanner(host: sampleHost(), accelerator: .tcg)
        let plain = try #require(sampleEnvironment().machines["vm-host"])
        #expect(try !planner.needsDomainCapabilities(plain) && !planner.needsCPUModels(plain))
        let model = try #require(sampleEnvironment { $0.cpuModel = "Westmere" }.machines["vm-host"])
        #expect(planner.needsCPUModels(model))
        let tpm = try #require(sampleEnvironment { $0.hasTPM = true }.machines["vm-host"])
        #expect(try planner.needsDomainCapabilities(tpm))
    }

    // MARK: Disks and NICs

    @Test func aCloudInitSeedIsTheLastDiskOnAFreeDevice() throws {
        let disks = try definition(machine: { $0.bootstrap = .cloudInit }).disks
        #expect(disks.map(\.target) == ["vda", "vdz"] && disks.map(\.index) == [1, 2])
        #expect(disks[1].image == .init(path: "\(images)/vm-host_seed.iso", format: "raw") && disks[1].readonly && !disks[1].isCDROM)
        let taken = try definition(machine: {
            $0.bootstrap = .cloudInit
            $0.disks[0].device = "vdz"
        }).disks
        #expect(taken.map(\.target) == ["vdz", "vdy"])
        #expect(try definition(machine: { $0.bootstrap = .sysprep }).disks.count == 1)
    }

    @Test func pathsAreAbsoluteAndAnISOIsACDROM() throws {
        let disks = try definition(machine: {
            $0.disks.append(Disk(name: "iso", device: "hdc", format: .iso, path: "$LAGO_PREFIX_PATH/images/x.iso"))
        }).disks
        #expect(disks.map(\.image.path) == ["\(images)/vm-host_root.qcow2", "\(images)/x.iso"])
        #expect(disks.map(\.image.format) == ["qcow2", "raw"] && disks.map(\.isCDROM) == [false, true] && disks[1].readonly)
        #expect(disks[0].backing == [.init(path: "/var/lib/atoll/store/local:debian-12:v1", format: "raw")])
    }

    @Test func guestsOfAFilteredNetworkReferToItsFilterAndOthersDoNot() throws {
        let second = NIC(net: "outside", address: nil)
        let domain = try definition(machine: { $0.nics.append(second) }, environment: { $0.networks["lan"]?.spec.egress = .off })
        #expect(domain.nics.map(\.filter) == [HostNames.filter(prefix, "lan"), nil])
        #expect(domain.nics.map(\.mtu) == [9000, nil])
        #expect(try VirtXML.text(domain).contains("<filterref filter=\"atoll-\(prefix.hex)-lan\"/>"))
    }

    @Test func theOwnerTagHasTheExpiry() throws {
        let tag = try definition(spec: { $0.metadata["atoll-expires"] = "2026-01-01T00:00:00Z" }).ownerTag
        #expect(tag == OwnerTag(prefix: prefix, role: .vm, name: "vm-host", expires: "2026-01-01T00:00:00Z"))
    }
}

@Suite struct CPUPlanTests {
    private let models = CPUModels(vendors: ["Westmere": "Intel", "EPYC": "AMD", "486": "generic"])

    /// CPU model of a VM, processor of the host, and the flag that the guest requires.
    struct Nesting: Sendable {
        var model: String
        var vendor: String?
        var flags: Set<String>
        var accelerator = Accelerator.kvm
        var required: String?
    }

    @Test(arguments: [
        Nesting(model: "Westmere", vendor: "Intel", flags: ["vmx"], required: "vmx"),
        Nesting(model: "Westmere", vendor: "Intel", flags: []),
        Nesting(model: "Westmere", vendor: "AMD", flags: ["vmx", "svm"]),
        Nesting(model: "EPYC", vendor: "AMD", flags: ["svm"], required: "svm"),
        Nesting(model: "EPYC", vendor: "AMD", flags: ["svm"], accelerator: .tcg),
        Nesting(model: "486", vendor: "Intel", flags: ["vmx"]),
        Nesting(model: "486", vendor: "generic", flags: ["vmx", "svm"]),
        Nesting(model: "Westmere", vendor: nil, flags: []),
    ])
    func nestingIsRequiredOnlyIfTheHostSupportsIt(_ nesting: Nesting) throws {
        let host = sampleHost(cpu: .init(model: nil, vendor: nesting.vendor, features: nesting.flags))
        let found = try definition(
            host: host, accelerator: nesting.accelerator, details: .init(cpuModels: models), spec: { $0.cpuModel = nesting.model })
        #expect(found.cpu == .model(nesting.model, nested: nesting.required))
    }

    @Test func modelAndCustomConflict() {
        let error = #expect(throws: DomainPlanError.self) {
            try definition(
                details: .init(cpuModels: models),
                spec: {
                    $0.cpuModel = "Westmere"
                    $0.cpuCustom = ["@mode": "host-model"]
                })
        }
        #expect(error?.code == .cpu && error?.message == "VM 'vm-host': 'cpu_model' and 'cpu_custom' conflict")
    }

    @Test func withoutCPUKeysTheGuestGetsTheHostsProcessor() throws { #expect(try definition().cpu == .host) }

    @Test func anUnknownModelIsAnError() {
        let error = #expect(throws: VirtXMLError.self) {
            try definition(details: .init(cpuModels: models), spec: { $0.cpuModel = "Pentium 9" })
        }
        #expect(error?.code == .cpuModel)
    }

    @Test func aCustomCPUGetsATopologyIfVCPUsAreExplicit() throws {
        for vcpu in [nil, 2] {
            let found = try definition(spec: {
                $0.cpuCustom = ["@mode": "host-model"]
                $0.vcpu = vcpu
            })
            #expect(found.cpu == .custom(["@mode": "host-model"], topology: vcpu != nil))
        }
    }
}
