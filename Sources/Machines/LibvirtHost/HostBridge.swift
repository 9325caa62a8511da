import AtollHostPorts
import AtollModel
import AtollPlatform
import AtollVirtXML
import OrderedCollections

/// The Linux bridges that nets of type bridge connect to. They belong to whoever looks after the host's network: none is made here.
enum HostBridge {
    /// Refuses a machine on a bridge net whose bridge is not there: libvirt starts such a network all the same, and then no VM on it.
    /// - Throws: `.refused`, with the commands that make the bridge.
    static func check(_ machine: Machine, of environment: Environment, devices: String = "/sys/class/net") throws {
        for nic in machine.nics where environment.networks[nic.net]?.kind == .bridge {
            let name = HostNames.outsideBridge(environment.id, nic.net)
            guard !SystemCall.isDirectory("\(devices)/\(name)/bridge") else { continue }
            throw EnvironmentError(
                .refused,
                "\(machine.name) is on \(nic.net), a net of type bridge, which needs a Linux bridge called \(name) on this host. Make it: "
                    + "sudo ip link add \(name) type bridge && sudo ip link set \(name) up; put the device that leads outside into it: "
                    + "sudo ip link set DEVICE master \(name); then run the command again")
        }
    }
}
