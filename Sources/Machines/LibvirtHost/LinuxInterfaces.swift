import AtollCommands
import AtollHostPorts
package import AtollDomainPlan
package import AtollModel
import AtollPlatform
import Glibc

/// Network interfaces of a Linux host.
package struct LinuxInterfaces: HostInterfaces {
    private let root: String

    /// - Parameter root: directory in front of `/sys` and `/proc`.
    package init(root: String = "") { self.root = root }

    package func addresses() async throws -> [IPv4Address] {
        try await Blocking.run {
            var list: UnsafeMutablePointer<ifaddrs>?
            guard getifaddrs(&list) == 0 else {
                throw EnvironmentError(.hostFailure, "addresses of this host: \(String(cString: strerror(errno)))")
            }
            defer { freeifaddrs(list) }
            var found: Set<IPv4Address> = []
            var next = list
            while let entry = next?.pointee {
                next = entry.ifa_next
                if let address = Self.address(entry.ifa_addr) { found.insert(address) }
            }
            return found.sorted()
        }
    }

    package func addresses(ofHost name: String) async throws -> [IPv4Address] {
        try await Blocking.run {
            var hints = addrinfo()
            hints.ai_family = AF_INET
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            var list: UnsafeMutablePointer<addrinfo>?
            let status = getaddrinfo(name, nil, &hints, &list)
            defer { if let list { freeaddrinfo(list) } }
            var found: Set<IPv4Address> = []
            var next = status == 0 ? list : nil
            while let entry = next?.pointee {
                next = entry.ai_next
                if let address = Self.address(entry.ai_addr) { found.insert(address) }
            }
            guard found.isEmpty else { return found.sorted() }
            let reason = status == 0 ? "no IPv4 address" : String(cString: gai_strerror(status))
            throw EnvironmentError(
                .hostFailure, "host name '\(name)' does not resolve on this host: \(reason)\nhint: getent ahostsv4 \(name)")
        }
    }

    package func hasIPv6() async -> Bool { SystemCall.exists(root + "/proc/sys/net/ipv6") }

    package func bridges() async -> Set<String> {
        let names = (try? Directories.list(devices)) ?? []
        return Set(names.filter { SystemCall.isDirectory("\(devices)/\($0)/bridge") })
    }

    package func removeBridge(named name: String) async throws {
        let ports = (try? Directories.list("\(devices)/\(name)/brif")) ?? []
        if ports.isEmpty { _ = try? await Tool.output("ip", ["link", "delete", name, "type", "bridge"]) }
        guard SystemCall.exists("\(devices)/\(name)") else { return }
        let use = ports.isEmpty ? "no permission" : "in use by \(ports.sorted().joined(separator: ", "))"
        throw EnvironmentError(
            .refused, "stray bridge '\(name)' cannot be deleted: \(use)\nhint: sudo ip link delete \(name)")
    }

    package func bridgeFiltering() async -> BridgePlan.Filtering {
        func flag(_ key: String) -> Bool? { (try? AtomicFile.text("\(root)/proc/sys/net/bridge/\(key)")).map { $0.first == "1" } }
        return BridgePlan.Filtering(ipv4: flag("bridge-nf-call-iptables"), ipv6: flag("bridge-nf-call-ip6tables"))
    }

    private var devices: String { root + "/sys/class/net" }

    private static func address(_ raw: UnsafeMutablePointer<sockaddr>?) -> IPv4Address? {
        guard let raw, raw.pointee.sa_family == sa_family_t(AF_INET) else { return nil }
        // The kernel and the resolver return a sockaddr_in for this family.
        let number = raw.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_addr.s_addr }
        return IPv4Address(rawValue: UInt32(bigEndian: number))
    }
}
