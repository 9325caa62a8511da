public import AtollModel

/// What the things of a prefix are called on the host. Domain and network names are Lago's, so that either tool finds the other's.
public enum HostNames {
    /// `fe689d3c-vm-host`: the first 8 digits of the prefix, and the VM.
    public static func domain(_ id: PrefixID, _ machine: String) -> String { "\(id.eight)-\(machine)" }

    /// `fe68-management`: digits of the prefix, and the net, or 10 or more digits of its SHA-1 when the name would be longer than `limit`.
    /// - Parameter limit: from 16 on, 8 digits of the prefix are used instead of 4.
    /// - Throws: `.name` when `limit` leaves no room for a net at all (below 6).
    public static func network(_ id: PrefixID, _ net: String, limit: Int = 15) throws -> String {
        guard limit >= 6 else {
            throw VirtXMLError(.name, "a network name of at most \(limit) characters has no room for the net's own name")
        }
        let start = limit < 16 ? id.four : id.eight
        let room = limit - start.count - 1
        return "\(start)-\(net.utf8.count <= room ? net : String(SHA1.hex(net).prefix(room)))"
    }

    /// The Linux bridge device of a nat or isolated net: `at` and 12 digits of a hash over the whole prefix and the whole net name, so that
    /// two nets that begin alike do not meet. A device name holds 15 characters.
    public static func bridge(_ id: PrefixID, _ net: String) -> String { "at" + SHA1.hex("\(id.hex)/\(net)").prefix(12) }

    /// The Linux bridge device of a bridge net: named as the libvirt network, unless Linux would refuse that as a device name.
    public static func outsideBridge(_ id: PrefixID, _ net: String) -> String {
        let refused = net.contains { $0.isWhitespace || $0 == "/" || $0 == ":" || !$0.isASCII }
        return refused ? bridge(id, net) : ((try? network(id, net)) ?? bridge(id, net))
    }
}
