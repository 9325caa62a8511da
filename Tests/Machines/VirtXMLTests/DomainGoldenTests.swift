import AtollModel
import AtollVirtXML
import AtollXML
import OrderedCollections
import Testing

@Suite struct DomainGoldenTests {
    @Test func oneTinyGuestUnderEmulation() throws {
        try expectGolden(try VirtXML.text(sampleDomain()), "domain-tcg-q35")
    }

    @Test func everyKindOfDiskAndAVhostNICUnderKVM() throws {
        let domain = sampleDomain {
            $0.type = .kvm
            $0.vcpus = 4
            $0.memoryMiB = 4096
            $0.hasVhostNet = true
            $0.emulator = "/usr/bin/qemu-system-x86_64"
            $0.uuid = "0b5c6bb2-3a0e-4b1c-9c9f-0f0d5d3c2b1a"
            $0.disks.append(
                .init(
                    index: 2, image: .init(path: "\(images)/vm-a_data.qcow2", format: "qcow2"), target: "sda",
                    backing: [
                        .init(path: "\(images)/layer-1.qcow2", format: "qcow2"), .init(path: "\(images)/layer-0.raw", format: "raw"),
                    ]))
            $0.disks.append(.init(index: 3, image: .init(path: "\(images)/seed.iso", format: "raw"), target: "sdc", isCDROM: true))
            $0.nics.append(.init(network: "fe68-net-01", mtu: 9000))
        }
        try expectGolden(try VirtXML.text(domain), "domain-kvm-q35")
    }

    @Test func theOldPCHasIDEAndNoRootPorts() throws {
        let domain = sampleDomain {
            $0.machine = "pc"
            $0.disks.append(.init(index: 2, image: .init(path: "\(images)/seed.iso", format: "raw"), target: "vdb", isCDROM: true))
        }
        try expectGolden(try VirtXML.text(domain), "domain-tcg-pc")
    }

    @Test(arguments: [Graphics.vnc, .spice]) func aDisplayListensOnLoopbackOnly(_ graphics: Graphics) throws {
        try expectGolden(try VirtXML.text(sampleDomain { $0.graphics = graphics }), "domain-\(graphics.rawValue)")
    }

    @Test func anExactModelUnderKVM() throws {
        let domain = sampleDomain {
            $0.type = .kvm
            $0.vcpus = 2
            $0.cpu = .model("Westmere", nested: "vmx")
        }
        try expectGolden(try VirtXML.text(domain), "domain-model")
    }

    @Test(arguments: ["aarch64", "s390x", "ppc64le"]) func otherArchitecturesHaveNothingOfAPC(_ arch: String) throws {
        let text = try VirtXML.text(
            sampleDomain {
                $0.arch = arch
                $0.graphics = arch == "aarch64" ? .vnc : .none
                $0.disks.append(.init(index: 2, image: .init(path: "\(images)/seed.iso", format: "raw"), target: "vdb", isCDROM: true))
            })
        for word in ["apic", "vmport", "pae", "cirrus", "ide", "sata", "genid", "kvmclock", "<pm>"] {
            #expect(!text.contains(word + "\"") && !text.contains("<\(word)"), "\(word) on \(arch)")
        }
        try expectGolden(text, "domain-\(arch)")
    }
}

@Suite struct DomainDeviceTests {
    private func devices(_ change: (inout DomainDefinition) -> Void) throws -> Element {
        try #require(try XML.read(try VirtXML.text(sampleDomain(change))).first("devices"))
    }

    /// Whether a disk's whole chain forbids relabelling and ends where libvirt shall stop looking.
    private func isSealed(_ layer: Element) -> Bool {
        guard let source = layer.first("source") else { return layer.name == "backingStore" && layer.children.isEmpty }
        guard let label = source.first("seclabel"), label["model"] == "dac", label["relabel"] == "no" else { return false }
        return layer.first("backingStore").map(isSealed) ?? false
    }

    @Test func libvirtIsToRelabelNoLayerOfAnyDisk() throws {
        let all = try devices {
            for depth in 0..<4 {
                $0.disks.append(
                    .init(
                        index: depth + 2, image: .init(path: "/d\(depth)", format: "qcow2"), target: "vd\("bcde".dropFirst(depth).first!)",
                        isCDROM: depth == 3, backing: (0..<depth).map { .init(path: "/d\(depth)-\($0)", format: "qcow2") }))
            }
        }.all("disk")
        #expect(all.count == 5)
        for disk in all { #expect(isSealed(disk), "\(disk)") }
    }

    @Test func portsStaySpareHoweverManyDevicesThereAre() throws {
        for extra in 0..<6 {
            let devices = try devices {
                $0.nics += (0..<extra).map { .init(network: "n\($0)") }
                $0.disks.append(.init(index: 2, image: .init(path: "/d", format: "raw"), target: "sda"))
            }
            let ports = devices.all("controller").count { $0["model"] == "pcie-root-port" }
            // In use: a virtio disk, the NICs, virtio-scsi, virtio-serial, rng.
            #expect(ports == 1 + 1 + extra + 1 + 1 + 1 + 4)
        }
    }

    @Test func serialsCountDisksAndBootFollowsTheirOrder() throws {
        let disks = try devices {
            $0.disks = [
                .init(index: 1, image: .init(path: "/i", format: "raw"), target: "hdc", isCDROM: true),
                .init(index: 2, image: .init(path: "/d", format: "raw"), target: "sda"),
                .init(index: 3, image: .init(path: "/j", format: "raw"), target: "hdc", isCDROM: true),
            ]
        }.all("disk")
        #expect(disks.map { $0.first("serial")?.text } == ["1", "2", "3"])
        #expect(disks.map { $0.first("boot")?["order"] } == ["1", "2", "3"])
        #expect(disks.map { $0.first("target")?["bus"] } == ["sata", "scsi", "sata"])
        #expect(Set(disks.compactMap { $0.first("target")?["dev"] }).count == 3)
    }

    @Test func everySCSIDiskHangsOnTheOneVirtioController() throws {
        let names = ["sda", "sdh", "sdz", "sdaa"]
        let disks = try devices {
            $0.disks = names.enumerated().map { .init(index: $0 + 1, image: .init(path: "/d\($0)", format: "raw"), target: $1) }
        }.all("disk")
        #expect(disks.map { $0.first("address")?["unit"] } == ["0", "7", "25", "26"])
        #expect(disks.allSatisfy { $0.first("address")?["controller"] == "0" })
    }

    @Test func tooManyCDROMsAreRefused() throws {
        let error = #expect(throws: VirtXMLError.self) {
            try devices {
                $0.disks = (1...7).map { .init(index: $0, image: .init(path: "/i\($0)", format: "raw"), target: "vda", isCDROM: true) }
            }
        }
        #expect(error?.code == .device)
    }

    @Test func vhostIsNamedOnlyWhereTheHostHasIt() throws {
        #expect(try devices { _ in }.first("interface", "driver") == nil)
        let driver = try devices {
            $0.hasVhostNet = true
            $0.vcpus = 2
        }.first("interface", "driver")
        #expect(driver?["name"] == "vhost" && driver?["queues"] == "2")
    }

    @Test func theUsualMTUIsNotWritten() throws {
        #expect(try devices { $0.nics[0].mtu = 1500 }.first("interface", "mtu") == nil)
        #expect(try devices { $0.nics[0].mtu = 1400 }.first("interface", "mtu")?["size"] == "1400")
    }

    @Test func hostileNamesStayText() throws {
        let name = "a<b>\"&'</name>"
        let text = try VirtXML.text(sampleDomain { $0.name = name })
        #expect(try DomainDescription(xml: text).name == name)
        #expect(throws: XMLError.self) { try VirtXML.text(sampleDomain { $0.consoleLogPath = "/a\u{1}b" }) }
    }

    @Test func theEndOfAVMThatWasMadeForOneTaskIsSaid() throws {
        let text = try VirtXML.text(sampleDomain { $0.ownerTag.expires = "2026-01-01T00:00:00Z" })
        #expect(try DomainDescription(xml: text).ownerTag?.expires == "2026-01-01T00:00:00Z")
    }

    @Test func whatWasWrittenIsReadBack() throws {
        let description = try DomainDescription(xml: try VirtXML.text(sampleDomain()))
        #expect(description.ownerTag == OwnerTag(prefix: prefix, role: .vm, name: "vm-a"))
        #expect(description.name == "fe689d3c-vm-a")
        #expect(description.type == "qemu")
        #expect(description.diskPaths == ["\(images)/vm-a_root.qcow2"])
        #expect(description.nics.map(\.network) == ["fe68-lan"])
        #expect(description.nics.map(\.mac) == ["54:52:c0:a8:c8:02"])
        #expect(description.consoleLogPath == "\(images)/vm-a.console")
        #expect(description.display == nil)
    }
}

/// What an init file wishes for beside processors and memory.
@Suite struct HardwareXMLTests {
    @Test func uefiAndATPM() throws {
        let domain = sampleDomain {
            $0.firmware = .uefi
            $0.nvramPath = "\(images)/vm-a.nvram"
            $0.hasTPM = true
        }
        try expectGolden(try VirtXML.text(domain), "domain-uefi-tpm")
    }

    @Test func whatThisHostOffersIsRead() throws {
        let offer = try DomainCapabilities(
            xml: """
                <domainCapabilities><os supported='yes'><enum name='firmware'><value>bios</value><value>efi</value></enum>
                <loader supported='yes'><value>/usr/share/OVMF/OVMF_CODE_4M.fd</value></loader></os>
                <devices><tpm supported='yes'><enum name='model'><value>tpm-tis</value><value>tpm-crb</value></enum>
                <enum name='backendModel'><value>passthrough</value><value>emulator</value></enum></tpm></devices></domainCapabilities>
                """)
        #expect(offer.firmwares == ["bios", "efi"] && offer.tpmModels == ["tpm-tis", "tpm-crb"])
        #expect(offer.tpmBackends.contains("emulator") && offer.firmwareLoaders == ["/usr/share/OVMF/OVMF_CODE_4M.fd"])
        #expect(try DomainCapabilities(xml: "<domainCapabilities/>").firmwares.isEmpty)
    }
}
