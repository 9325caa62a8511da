import AtollXML

/// Writes a domain. Devices are in `DeviceXML`.
struct DomainXML {
    let domain: DomainDefinition
    let board: Board

    init(_ domain: DomainDefinition) {
        self.domain = domain
        board = Board(arch: domain.arch, machine: domain.machine)
    }

    func element() throws -> Element {
        var root = Element("domain", ["type": domain.type.rawValue])
        root.append(Element("name", text: domain.name))
        if let uuid = domain.uuid { root.append(Element("uuid", text: uuid)) }
        if domain.hasGenerationID, board.isX86 { root.append(Element("genid")) }
        root.append(Element("metadata", [:], [domain.ownerTag.element]))
        root.append(Element("memory", ["unit": "MiB"], text: "\(domain.memoryMiB)"))
        root.append(Element("vcpu", text: "\(domain.vcpus)"))
        root.append(Element("iothreads", text: "1"))
        root.append(os)
        if let features { root.append(features) }
        root.append(try CPUXML.element(domain.cpu, type: domain.type, vcpus: domain.vcpus, memory: domain.memoryMiB))
        root.append(clock)
        if board.isX86 {
            // A guest that sleeps looks dead to whoever waits for it.
            let off = ["suspend-to-mem", "suspend-to-disk"].map { Element($0, ["enabled": "no"]) }
            root.append(Element("pm", [:], off))
        }
        root.append(try DeviceXML(domain: domain, board: board).element())
        return root
    }

    private var os: Element {
        var os = Element(
            "os", ["firmware": domain.usesUEFI ? "efi" : nil],
            [Element("type", ["arch": domain.arch, "machine": board.machine], text: "hvm")])
        if domain.usesUEFI, board.isX86 {
            // Guests are built from whatever boots; signatures are theirs to ask for.
            os.append(Element("firmware", [:], [Element("feature", ["enabled": "no", "name": "secure-boot"])]))
        }
        if domain.usesUEFI, let path = domain.nvramPath { os.append(Element("nvram", text: path)) }
        if board.isX86 { os.append(Element("bootmenu", ["enable": "no"])) }
        return os
    }

    private var features: Element? {
        if board.isX86 { return Element("features", [:], [Element("acpi"), Element("apic"), Element("vmport", ["state": "off"])]) }
        return board.needsUEFI ? Element("features", [:], [Element("acpi")]) : nil
    }

    private var clock: Element {
        let timers = domain.type == .kvm && board.isX86 ? [Element("timer", ["name": "kvmclock", "present": "yes"])] : []
        return Element("clock", ["offset": "utc"], timers)
    }
}
