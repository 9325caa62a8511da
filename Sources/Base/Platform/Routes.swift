/// A network this host already reaches.
package struct HostRoute: Sendable, Hashable {
    /// First address in host order: 192.168.200.0 is 0xC0A8_C800.
    package var base: UInt32
    /// 1...32.
    package var prefixLength: Int
    /// The interface it goes through.
    package var device: String

    package init(base: UInt32, prefixLength: Int, device: String) {
        self.base = base
        self.prefixLength = prefixLength
        self.device = device
    }
}

/// The kernel's IPv4 routes, read from /proc: no subnet that overlaps one may be given to an environment.
package enum Routes {
    /// All routes but the default ones. Empty where /proc has none.
    package static func current() -> [HostRoute] { parse((try? AtomicFile.text("/proc/net/route")) ?? "") }

    /// Reads the form of /proc/net/route: addresses are hex words in the machine's byte order.
    package static func parse(_ text: String) -> [HostRoute] {
        text.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(whereSeparator: { $0 == "\t" || $0 == " " })
            guard fields.count >= 8, let destination = UInt32(fields[1], radix: 16), let mask = UInt32(fields[7], radix: 16) else {
                return nil
            }
            let length = mask.nonzeroBitCount
            guard length > 0 else { return nil }
            return HostRoute(base: UInt32(bigEndian: destination), prefixLength: length, device: String(fields[0]))
        }
    }
}
