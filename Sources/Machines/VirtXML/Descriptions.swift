package import AtollModel
import AtollXML

/// Properties of an existing domain, read from its XML.
package struct DomainDescription: Sendable, Equatable {
    package var name: String
    package var uuid: String
    /// nil if the object is foreign.
    package var ownerTag: OwnerTag?
    /// `kvm`, `qemu`, …
    package var type: String
    /// Top layers of its disks.
    package var diskPaths: [String]
    /// Device names of its disks and CD-ROMs, in order: `vda`, `sda`.
    package var diskTargets: [String]
    /// Name of the network and MAC address of each NIC, in order.
    package var nics: [NIC]
    package var consoleLogPath: String?
    /// Kind and TCP port of the display, when it has one and listens.
    package var display: Display?

    package struct NIC: Sendable, Equatable {
        package var network: String?
        package var mac: String?
    }

    package struct Display: Sendable, Equatable {
        package var kind: String
        package var port: Int
    }

    /// Top layer of each disk that has a file, by device name.
    package var topLayers: [String: String]

    /// From the text of `virDomainGetXMLDesc`. - Throws: `XMLError` if the text is not XML.
    package init(xml: String) throws {
        let root = try XML.read(xml)
        let devices = root.first("devices") ?? Element("devices")
        name = root.first("name")?.text ?? ""
        uuid = root.first("uuid")?.text ?? ""
        ownerTag = OwnerTag(in: root)
        type = root["type"] ?? ""
        diskPaths = devices.all("disk").compactMap { $0.first("source")?["file"] }
        diskTargets = devices.all("disk").compactMap { $0.first("target")?["dev"] }
        topLayers = Dictionary(
            devices.all("disk").compactMap { disk in
                guard let target = disk.first("target")?["dev"], let file = disk.first("source")?["file"] else { return nil }
                return (target, file)
            }, uniquingKeysWith: { first, _ in first })
        nics = devices.all("interface").map { NIC(network: $0.first("source")?["network"], mac: $0.first("mac")?["address"]) }
        consoleLogPath = (devices.all("serial") + devices.all("console")).lazy.compactMap { $0.first("log")?["file"] }.first
        display =
            devices.all("graphics").lazy.compactMap { graphics in
                guard let kind = graphics["type"], let port = graphics["port"].flatMap({ Int($0) }), port > 0 else { return nil }
                return Display(kind: kind, port: port)
            }.first
    }
}

/// Properties of an existing network, read from its XML.
package struct NetworkDescription: Sendable, Equatable {
    package var name: String
    package var uuid: String
    /// nil if the object is foreign.
    package var ownerTag: OwnerTag?
    /// The Linux bridge device.
    package var bridge: String?
    /// Its IPv4 networks.
    package var subnets: [IPv4Subnet]

    /// From the text of `virNetworkGetXMLDesc`. - Throws: `XMLError` if the text is not XML.
    package init(xml: String) throws {
        let root = try XML.read(xml)
        name = root.first("name")?.text ?? ""
        uuid = root.first("uuid")?.text ?? ""
        ownerTag = OwnerTag(in: root)
        bridge = root.first("bridge")?["name"]
        subnets = root.all("ip").compactMap { ip in
            guard let address = ip["address"].flatMap({ IPv4Address($0) }) else { return nil }
            let length = ip["prefix"].flatMap { Int($0) } ?? ip["netmask"].flatMap { IPv4Address($0) }?.rawValue.nonzeroBitCount
            guard let length, (0...32).contains(length) else { return nil }
            return IPv4Subnet(containing: address, prefixLength: length)
        }
    }
}
