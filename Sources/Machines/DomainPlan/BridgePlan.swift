package import AtollModel
import AtollVirtXML
import OrderedCollections

/// Decisions about Linux bridge devices: the ones that bridge networks require, and stray ones of deleted networks.
package enum BridgePlan {
    /// Whether the kernel passes bridged packets to the firewall, by address family. nil: the module `br_netfilter` is not loaded.
    package struct Filtering: Sendable, Equatable {
        package var ipv4: Bool?
        package var ipv6: Bool?

        package init(ipv4: Bool?, ipv6: Bool?) {
            self.ipv4 = ipv4
            self.ipv6 = ipv6
        }
    }

    /// Whether a VM is attached to a bridge network, so that `check` needs the bridges of the host.
    package static func needsBridges(_ machine: Machine, in environment: Environment) -> Bool {
        machine.nics.contains { environment.networks[$0.net]?.kind == .bridge }
    }

    /// Checks that the bridge of each bridge network of a VM exists. libvirt starts such a network without it, and then no VM on it.
    /// - Parameter bridges: Linux bridges of the host.
    /// - Throws: `DomainPlanError.Code.bridge`.
    package static func check(_ machine: Machine, in environment: Environment, bridges: Set<String>) throws(DomainPlanError) {
        for nic in machine.nics where environment.networks[nic.net]?.kind == .bridge {
            let name = HostNames.outsideBridge(environment.id, nic.net)
            guard !bridges.contains(name) else { continue }
            throw DomainPlanError(
                .bridge, "VM '\(machine.name)': network '\(nic.net)' of type bridge requires the Linux bridge '\(name)', which is missing",
                hint: "sudo ip link add \(name) type bridge && sudo ip link set \(name) up && sudo ip link set DEVICE master \(name)")
        }
    }

    /// Checks that network filters take effect. Without it, a filter restricts nothing.
    /// - Parameter isApplied: whether a filter is applied already, which loads `br_netfilter`.
    /// - Throws: `DomainPlanError.Code.bridgeFilter`.
    package static func checkFiltering(_ filtering: Filtering, isApplied: Bool) throws(DomainPlanError) {
        for (key, value) in [("bridge-nf-call-iptables", filtering.ipv4), ("bridge-nf-call-ip6tables", filtering.ipv6)] {
            if value == nil, !isApplied { continue }
            guard value != true else { continue }
            throw DomainPlanError(
                .bridgeFilter, "'egress' cannot be enforced on this host: bridged packets bypass its firewall",
                hint: "sudo modprobe br_netfilter && sudo sysctl net.bridge.\(key)=1, and set it in /etc/sysctl.d; or use 'egress: on'")
        }
    }

    /// Bridges with a name of ours that no libvirt network uses: left behind by a killed libvirt daemon.
    /// - Parameter used: bridge devices of all libvirt networks.
    package static func strays(_ bridges: Set<String>, used: Set<String>) -> Set<String> {
        bridges.filter(HostNames.isBridge).subtracting(used)
    }
}
