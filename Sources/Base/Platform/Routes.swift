import Glibc

/// A network this host already reaches.
package struct HostRoute: Sendable, Hashable {
    /// First address in host order: 192.168.200.0 is 0xC0A8_C800.
    package var base: UInt32
    /// 1...32.
    package var prefixLength: Int
    /// The interface it goes through.
    package var device: String
    /// Whether the hosts of the network are on the device's own link: no gateway, no tunnel.
    package var isOnLink: Bool

    package init(base: UInt32, prefixLength: Int, device: String, isOnLink: Bool = false) {
        self.base = base
        self.prefixLength = prefixLength
        self.device = device
        self.isOnLink = isOnLink
    }
}

/// The IPv4 routes of the kernel's main table, read from /proc.
package enum Routes {
    /// All routes but the default ones. Empty where /proc has none.
    package static func current() -> [HostRoute] {
        parse((try? AtomicFile.text("/proc/net/route")) ?? "", tunnels: pointToPointDevices())
    }

    /// Reads the form of /proc/net/route: addresses are hex words in the machine's byte order.
    /// - Parameter tunnels: point-to-point devices; no other host is on their link.
    package static func parse(_ text: String, tunnels: Set<String> = []) -> [HostRoute] {
        text.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(whereSeparator: { $0 == "\t" || $0 == " " })
            guard fields.count >= 8, let destination = UInt32(fields[1], radix: 16), let mask = UInt32(fields[7], radix: 16) else {
                return nil
            }
            let length = mask.nonzeroBitCount
            guard length > 0 else { return nil }
            let device = String(fields[0])
            let flags = Int32(fields[3], radix: 16) ?? gatewayFlag
            return HostRoute(
                base: UInt32(bigEndian: destination), prefixLength: length, device: device,
                isOnLink: flags & (gatewayFlag | rejectFlag) == 0 && !tunnels.contains(device))
        }
    }

    /// RTF_GATEWAY and RTF_REJECT of the kernel's route flags.
    private static let gatewayFlag: Int32 = 0x2
    private static let rejectFlag: Int32 = 0x200

    private static func pointToPointDevices() -> Set<String> {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var names: Set<String> = []
        var next = first
        while let entry = next {
            // IFF_POINTOPOINT
            if entry.pointee.ifa_flags & 0x10 != 0 { names.insert(String(cString: entry.pointee.ifa_name)) }
            next = entry.pointee.ifa_next
        }
        return names
    }
}
