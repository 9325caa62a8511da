package import AtollModel

/// What the things of a prefix are called on the host. Domain and network names are Lago's, so that either tool finds the other's.
package enum HostNames {
    /// `fe689d3c-vm-host`: the first 8 digits of the prefix, and the VM.
    package static func domain(_ id: PrefixID, _ machine: String) -> String { "\(id.eight)-\(machine)" }

    /// `fe68-management`: digits of the prefix, and the net, or 10 or more digits of its SHA-1 when the name would be longer than `limit`.
    /// - Parameter limit: from 16 on, 8 digits of the prefix are used instead of 4.
    /// - Throws: `.name` when `limit` leaves no room for a net at all (below 6).
    package static func network(_ id: PrefixID, _ net: String, limit: Int = 15) throws -> String {
        guard limit >= 6 else {
            throw VirtXMLError(.name, "a network name of at most \(limit) characters has no room for the net's own name")
        }
        let start = limit < 16 ? id.four : id.eight
        let room = limit - start.count - 1
        return "\(start)-\(net.utf8.count <= room ? net : String(SHA1.hex(net).prefix(room)))"
    }

    /// The Linux bridge device of a nat or isolated net: `at` and 12 digits of a hash over the whole prefix and the whole net name, so that
    /// two nets that begin alike do not meet. A device name holds 15 characters.
    package static func bridge(_ id: PrefixID, _ net: String) -> String { "at" + SHA1.hex("\(id.hex)/\(net)").prefix(12) }

    /// Whether a device is called as `bridge` calls them.
    package static func isBridge(_ device: String) -> Bool {
        device.hasPrefix("at") && device.utf8.count == 14
            && device.utf8.dropFirst(2).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// The Linux bridge device of a bridge net: named as the libvirt network, unless Linux would refuse that as a device name.
    package static func outsideBridge(_ id: PrefixID, _ net: String) -> String {
        let refused = net.contains { $0.isWhitespace || $0 == "/" || $0 == ":" || !$0.isASCII }
        return refused ? bridge(id, net) : ((try? network(id, net)) ?? bridge(id, net))
    }

    /// The network filter of a net: `atoll-`, the whole prefix, the net. A filter has no metadata, so its name says whose it is.
    package static func filter(_ id: PrefixID, _ net: String) -> String { "\(filterStart)\(id.hex)-\(net)" }

    /// The prefix and the net that a filter's name tells of; nil for a filter that is not ours.
    package static func filterOwner(_ name: String) -> (prefix: PrefixID, net: String)? {
        let rest = name.dropFirst(filterStart.count)
        let hex = rest.prefix(32)
        guard name.hasPrefix(filterStart), rest.count > 33, rest.dropFirst(32).first == "-", hex.allSatisfy(\.isHexDigit),
            let prefix = PrefixID(String(hex))
        else { return nil }
        return (prefix, String(rest.dropFirst(33)))
    }

    private static let filterStart = "atoll-"
}
