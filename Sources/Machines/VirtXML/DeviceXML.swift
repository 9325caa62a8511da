import AtollModel
import AtollXML

/// Writes a domain's `<devices>`: virtio throughout, no USB, no display unless one is asked for.
struct DeviceXML {
    let domain: DomainDefinition
    let board: Board

    func element() throws -> Element {
        var devices = Element("devices")
        if let emulator = domain.emulator { devices.append(Element("emulator", text: emulator)) }
        let disks = try diskElements()
        let usesSCSI = disks.contains { $0.first("target")?["bus"] == DomainDefinition.Bus.scsi.rawValue }
        for controller in controllers(usesSCSI: usesSCSI) { devices.append(controller) }
        for device in disks + domain.nics.map(nic) + consoles { devices.append(device) }
        devices.append(agentChannel)
        if domain.hasTPM {
            let backend = Element("backend", ["type": "emulator", "version": "2.0"])
            devices.append(Element("tpm", ["model": domain.tpmModel], [backend]))
        }
        for device in display { devices.append(device) }
        devices.append(Element("memballoon", ["model": "none"]))
        devices.append(Element("rng", ["model": "virtio"], [Element("backend", ["model": "random"], text: "/dev/urandom")]))
        return devices
    }

    // MARK: Controllers

    private func controllers(usesSCSI: Bool) -> [Element] {
        var all: [Element] = []
        if board.hasRootPorts {
            all.append(Element("controller", ["type": "pci", "index": "0", "model": "pcie-root"]))
            // libvirt fills the ports in order, one device each, so that the last ones stay empty.
            for index in 1...(portsInUse(usesSCSI: usesSCSI) + domain.spareRootPorts) {
                all.append(Element("controller", ["type": "pci", "index": "\(index)", "model": "pcie-root-port"]))
            }
        }
        all.append(Element("controller", ["type": "usb", "model": "none"]))
        all.append(Element("controller", ["type": "virtio-serial", "index": "0"]))
        if usesSCSI {
            let driver = Element("driver", ["queues": "\(domain.vcpus)", "iothread": "1"])
            all.append(Element("controller", ["type": "scsi", "index": "0", "model": "virtio-scsi"], [driver]))
        }
        return all
    }

    private func portsInUse(usesSCSI: Bool) -> Int {
        let virtioDisks = domain.disks.count { bus($0) == .virtio }
        let inputs = display.count { $0.name == "input" || ($0.name == "video" && !board.isX86) }
        // virtio-serial and the random number generator are always there.
        return virtioDisks + domain.nics.count + (usesSCSI ? 1 : 0) + inputs + 2
    }

    // MARK: Disks

    private func bus(_ disk: DomainDefinition.DiskDevice) -> DomainDefinition.Bus {
        if disk.isCDROM { return board.opticalBus }
        return disk.target.hasPrefix("sd") ? .scsi : .virtio
    }

    private func diskElements() throws -> [Element] {
        var taken = Set(domain.disks.filter { !$0.isCDROM }.map(\.target))
        var places = 0
        return try domain.disks.enumerated().map { position, disk in
            let bus = bus(disk)
            var target = disk.target
            if disk.isCDROM {
                target = try opticalTarget(&places, &taken)
            }
            return self.disk(disk, bus: bus, target: target, bootOrder: position + 1)
        }
    }

    /// The letter of an IDE or SATA device is its place on the controller, so it is counted and not taken from the init file.
    private func opticalTarget(_ places: inout Int, _ taken: inout Set<String>) throws -> String {
        let start = board.opticalBus == .ide ? "hd" : "sd"
        while places < min(board.opticalPlaces, 26) {
            let target = start + String(UnicodeScalar(UInt8(ascii: "a") + UInt8(places)))
            places += 1
            if taken.insert(target).inserted { return target }
        }
        throw VirtXMLError(.device, "the machine \(board.machine) has no place for another CD-ROM; it takes \(board.opticalPlaces)")
    }

    private func disk(_ disk: DomainDefinition.DiskDevice, bus: DomainDefinition.Bus, target: String, bootOrder: Int) -> Element {
        var driver = Element("driver", ["name": "qemu", "type": disk.image.format])
        if !disk.isCDROM {
            driver["cache"] = "writeback"
            driver["discard"] = "unmap"
        }
        if bus == .virtio {
            driver["iothread"] = "1"
            driver["queues"] = "1"
        }
        var element = Element("disk", ["type": "file", "device": disk.isCDROM ? "cdrom" : "disk"], [driver, Self.source(disk.image.path)])
        element.append(chain(disk.backing[...]))
        element.append(Element("target", ["dev": target, "bus": bus.rawValue]))
        if disk.readonly || disk.isCDROM { element.append(Element("readonly")) }
        element.append(Element("serial", text: "\(disk.index)"))
        element.append(Element("boot", ["order": "\(bootOrder)"]))
        if bus == .scsi, let unit = Self.number(ofDevice: target) {
            // Left to itself, libvirt puts seven on a controller and adds old LSI ones for the rest.
            element.append(
                Element("address", ["type": "drive", "controller": "0", "bus": "0", "target": "0", "unit": "\(unit)"]))
        }
        return element
    }

    /// From 0: `sda` is 0, `sdz` 25, `sdaa` 26; nil when the name does not end in letters.
    private static func number(ofDevice name: String) -> Int? {
        let letters = name.dropFirst(2).utf8
        guard !letters.isEmpty, letters.count <= 3, letters.allSatisfy({ (97...122).contains($0) }) else { return nil }
        return letters.reduce(0) { $0 * 26 + Int($1) - 96 } - 1
    }

    /// A file that libvirt must not relabel.
    static func source(_ path: String) -> Element {
        Element("source", ["file": path], [Element("seclabel", ["model": "dac", "relabel": "no"])])
    }

    /// The layers below a disk; the empty element at the end tells libvirt not to look for more.
    private func chain(_ layers: ArraySlice<DomainDefinition.Layer>) -> Element {
        guard let layer = layers.first else { return Element("backingStore") }
        return Element(
            "backingStore", ["type": "file"],
            [Element("format", ["type": layer.format]), Self.source(layer.path), chain(layers.dropFirst())])
    }

    // MARK: The rest

    private func nic(_ nic: DomainDefinition.NICDevice) -> Element {
        var element = Element("interface", ["type": "network"])
        if let mac = nic.mac { element.append(Element("mac", ["address": "\(mac)"])) }
        element.append(Element("source", ["network": nic.network]))
        element.append(Element("model", ["type": "virtio"]))
        if domain.hasVhostNet {
            element.append(Element("driver", ["name": "vhost", "queues": domain.vcpus > 1 ? "2" : nil]))
        }
        if let mtu = nic.mtu, mtu != 1500 { element.append(Element("mtu", ["size": "\(mtu)"])) }
        if let filter = nic.filter { element.append(Element("filterref", ["filter": filter])) }
        return element
    }

    /// One console: the first serial port, or SCLP where there is none. A pty, so that a person can attach, and a log of all of it.
    private var consoles: [Element] {
        let log = Element("log", ["file": domain.consoleLogPath, "append": "on"])
        if board.isS390 { return [Element("console", ["type": "pty"], [log, Element("target", ["type": "sclp", "port": "0"])])] }
        return [Element("serial", ["type": "pty"], [log, Element("target", ["port": "0"])])]
    }

    private var agentChannel: Element {
        Element("channel", ["type": "unix"], [Element("target", ["type": "virtio", "name": "org.qemu.guest_agent.0"])])
    }

    private var display: [Element] {
        guard domain.graphics != .none else { return [] }
        let listen = Element("listen", ["type": "address", "address": "127.0.0.1"])
        var all = [Element("graphics", ["type": domain.graphics.rawValue, "autoport": "yes", "listen": "127.0.0.1"], [listen])]
        if domain.graphics == .spice {
            // libvirt would add a SPICE audio backend, which needs a QEMU module of its own.
            all.append(Element("audio", ["id": "1", "type": "none"]))
        }
        all.append(Element("video", [:], [Element("model", ["type": board.isX86 ? "vga" : "virtio", "heads": "1"])]))
        // PCs have a keyboard and mouse of their own; with no USB the others need virtio ones.
        if !board.isX86 { all += ["keyboard", "tablet"].map { Element("input", ["type": $0, "bus": "virtio"]) } }
        return all
    }
}
