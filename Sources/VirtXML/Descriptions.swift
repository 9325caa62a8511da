public import AtollModel
import AtollXML

/// Properties of an existing domain, read from its XML.
public struct DomainDescription: Sendable, Equatable {
    public var name: String
    public var uuid: String
    /// nil if the object is foreign.
    public var ownerTag: OwnerTag?
    /// `kvm`, `qemu`, …
    public var type: String
    /// Top layers of its disks.
    public var diskPaths: [String]
    /// Device names of its disks and CD-ROMs, in order: `vda`, `sda`.
    public var diskTargets: [String]
    /// Name of the network and MAC address of each NIC, in order.
    public var nics: [NIC]
    public var consoleLogPath: String?
    /// Kind and TCP port of the display, when it has one and listens.
    public var display: Display?

    public struct NIC: Sendable, Equatable {
        public var network: String?
        public var mac: String?
    }

    public struct Display: Sendable, Equatable {
        public var kind: String
        public var port: Int
    }

    /// Top layer of each disk that has a file, by device name.
    public var topLayers: [String: String]

    /// From the text of `virDomainGetXMLDesc`. - Throws: `XMLError` if the text is not XML.
    public init(xml: String) throws {
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
public struct NetworkDescription: Sendable, Equatable {
    public var name: String
    public var uuid: String
    /// nil if the object is foreign.
    public var ownerTag: OwnerTag?
    /// The Linux bridge device.
    public var bridge: String?
    /// Its IPv4 networks.
    public var subnets: [IPv4Subnet]

    /// From the text of `virNetworkGetXMLDesc`. - Throws: `XMLError` if the text is not XML.
    public init(xml: String) throws {
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
