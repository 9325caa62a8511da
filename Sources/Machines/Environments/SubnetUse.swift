import AtollHostPorts
import AtollCommands
import AtollClaims
import AtollModel
import AtollPlatform
import OrderedCollections

/// What else on the host uses the subnet of a network: nothing did when `init` chose it, which may be long ago.
struct SubnetUse {
    let host: Host

    /// Who keeps the network from starting, and what to do, as the end of a sentence about the network; nil when nobody does.
    func conflict(of network: Network, in environment: Environment) async throws -> String? {
        guard let subnet = network.subnet else { return nil }
        let own = environment.libvirtName(ofNetwork: network.name)
        for other in try await host.networks.networks() where other.name != own && other.isActive {
            guard let theirs = other.subnets.first(where: { $0.overlaps(subnet) }) else { continue }
            let place = try other.owner.flatMap { try host.registry.find($0)?.path }
            return "its subnet \(subnet) overlaps \(theirs) of the libvirt network \(other.name)"
                + (place.map { " of the environment at \($0). Stop that with: atoll --prefix-path \(ShellWord.quoted($0)) stop" }
                    ?? ". Stop that with: virsh net-destroy \(ShellWord.quoted(other.name))")
                + Self.otherwise
        }
        // A wider route leaves the network's own addresses to it; and a stray bridge of its own is not in its way for long.
        let bridge = environment.bridgeName(ofNetwork: network.name)
        guard
            let route = overlaps(subnet).first(where: { $0.prefixLength >= subnet.prefixLength && $0.device != bridge })
        else { return nil }
        return "its subnet \(subnet) overlaps \(route.subnet), the route over \(route.device). "
            + "If nothing needs that route, remove it with: sudo \(route.removal)\(Self.otherwise)"
    }

    /// Routes of which the network takes a part away, as warnings.
    func shadows(of network: Network) -> [String] {
        guard let subnet = network.subnet else { return [] }
        return overlaps(subnet).filter { $0.prefixLength < subnet.prefixLength }.map {
            "warning: network \(network.name) has the subnet \(subnet), so this host no longer reaches that part of \($0.subnet) over "
                + $0.device
        }
    }

    private func overlaps(_ subnet: IPv4Subnet) -> [HostRoute] { host.routes().filter { $0.subnet.overlaps(subnet) } }

    private static let otherwise = "; or make this environment anew on another subnet: atoll destroy, then atoll init"
}
