import AtollHostPorts
import AtollCommands
import AtollPlatform
import AtollVirtXML

/// The Linux bridges that libvirt makes for our networks.
enum BridgeDevices {
    /// Every one that is called as ours are.
    static func ours(in devices: String = "/sys/class/net") -> Set<String> {
        let names = (try? Directories.list(devices)) ?? []
        return Set(names.filter { HostNames.isBridge($0) && SystemCall.isDirectory("\(devices)/\($0)/bridge") })
    }

    /// Only root may; others are told the command.
    /// - Throws: `.refused` when it is still there afterwards.
    static func remove(_ name: String, in devices: String = "/sys/class/net") async throws {
        let ports = (try? Directories.list("\(devices)/\(name)/brif")) ?? []
        if ports.isEmpty { _ = try? await Tool.output("ip", ["link", "delete", name, "type", "bridge"]) }
        guard SystemCall.exists("\(devices)/\(name)") else { return }
        let use = ports.isEmpty ? "" : ", and \(ports.sorted().joined(separator: ", ")) is in it"
        throw EnvironmentError(
            .refused,
            "the bridge device \(name) belongs to no libvirt network any more (a libvirt daemon that was killed leaves such)\(use). "
                + "Remove it with: sudo ip link delete \(name)")
    }
}
