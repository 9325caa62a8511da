import AtollHostPorts
import AtollModel
import AtollPlatform
import AtollVirtXML
import Glibc

/// What this host contributes to a network's filter: addresses of host names, and addresses that a wide opening must not open.
///
/// A filter is libvirt's nwfilter: a member of group libvirt may define it, libvirt applies it to each NIC when the domain starts, puts it
/// back when the firewall is flushed and it restarts, and takes it away with the domain. Rules of our own would need root.
enum EgressHost {
    /// Where each wish of a network leads, host names looked up here and now.
    /// - Throws: `.hostFailure` naming the host name that has no IPv4 address.
    static func openings(_ network: Network) throws -> [FilterDefinition.Opening] {
        guard case .only(let destinations) = network.egress else { return [] }
        return try destinations.flatMap { destination -> [FilterDefinition.Opening] in
            switch destination.place {
            case .subnet(let subnet): return [FilterDefinition.Opening(subnet, port: destination.port)]
            case .gateway: return network.gateway.map { [FilterDefinition.Opening(one($0), port: destination.port)] } ?? []
            case .name(let name):
                return try addresses(of: name, network: network.name).map { address in
                    FilterDefinition.Opening(one(address), port: destination.port, name: name)
                }
            }
        }
    }

    /// The host's own addresses, every network that environments lease or `networks` serves, and the link-local one where clouds tell a machine
    /// its secrets.
    static func barred(beside network: Network, networks: [ObservedNetwork]) throws -> [IPv4Subnet] {
        let leased = [(200, 21), (208, 20), (224, 19)].map { octet, length in
            IPv4Subnet(containing: IPv4Address(192, 168, UInt8(octet), 0), prefixLength: length)
        }
        let served = networks.flatMap(\.subnets).filter { $0 != network.subnet }
        let metadata = IPv4Subnet(containing: IPv4Address(169, 254, 0, 0), prefixLength: 16)
        return leased + served + [metadata] + (try ownAddresses().map(one))
    }

    /// Whether packets that cross a bridge are shown to the firewall at all: without that, no filter holds anything back.
    /// - Throws: `.refused` with the command that switches it on.
    static func checkBridges(isStarted: Bool, directory: String = "/proc/sys/net/bridge") throws {
        for key in ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables"] {
            let value = try? AtomicFile.text("\(directory)/\(key)")
            // The kernel's module for it comes with the first filter that is applied.
            if value == nil, !isStarted { continue }
            guard value?.first != "1" else { continue }
            throw EnvironmentError(
                .refused,
                "this host does not show packets that cross a bridge to its firewall, so `egress` cannot be enforced. Switch it on: "
                    + "sudo modprobe br_netfilter && sudo sysctl net.bridge.\(key)=1; and keep it with a file in /etc/sysctl.d. "
                    + "Or do without: egress on")
        }
    }

    private static func one(_ address: IPv4Address) -> IPv4Subnet { IPv4Subnet(containing: address, prefixLength: 32) }

    private static func addresses(of name: String, network: String) throws -> [IPv4Address] {
        var hints = addrinfo()
        hints.ai_family = AF_INET
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(name, nil, &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        var found: [IPv4Address] = []
        var next = status == 0 ? list : nil
        while let entry = next?.pointee {
            next = entry.ai_next
            if let address = address(entry.ai_addr), !found.contains(address) { found.append(address) }
        }
        guard found.isEmpty else { return found.sorted() }
        let reason = status == 0 ? "it has no IPv4 address" : String(cString: gai_strerror(status))
        throw EnvironmentError(
            .hostFailure,
            "\(name), which the egress of network \(network) names, cannot be looked up on this host: \(reason). Try: getent ahostsv4 \(name); "
                + "or write its address")
    }

    private static func ownAddresses() throws -> [IPv4Address] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else {
            throw EnvironmentError(.hostFailure, "this host's addresses cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { freeifaddrs(list) }
        var found: Set<IPv4Address> = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ifa_next
            if let address = address(entry.ifa_addr) { found.insert(address) }
        }
        return found.sorted()
    }

    private static func address(_ raw: UnsafeMutablePointer<sockaddr>?) -> IPv4Address? {
        guard let raw, raw.pointee.sa_family == sa_family_t(AF_INET) else { return nil }
        // The kernel and the resolver give a sockaddr_in with this family.
        let number = raw.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_addr.s_addr }
        return IPv4Address(rawValue: UInt32(bigEndian: number))
    }
}
