package import AtollModel
import Crypto

/// Names of a prefix's objects on the host. Domain and network names are Lago's, so that either tool finds the other's.
package enum HostNames {
    /// Domain name: the first 8 digits of the prefix, and the VM: `fe689d3c-vm-host`.
    package static func domain(_ id: PrefixID, _ machine: String) -> String { "\(id.eight)-\(machine)" }

    /// Network name: digits of the prefix, and the network, or 10 or more digits of its SHA-1 if the name would exceed `limit`: `fe68-management`.
    /// - Parameter limit: maximum length; from 16 on, 8 digits of the prefix are used instead of 4.
    /// - Throws: `.name` if `limit` is too short for any network (below 6).
    package static func network(_ id: PrefixID, _ net: String, limit: Int = 15) throws -> String {
        guard limit >= 6 else {
            throw VirtXMLError(.name, "a network name of at most \(limit) characters is too short for the name of the network")
        }
        let start = limit < 16 ? id.four : id.eight
        let room = limit - start.count - 1
        return "\(start)-\(net.utf8.count <= room ? net : String(sha1(net).prefix(room)))"
    }

    /// Bridge device of a NAT or isolated network: `at` and 12 digits of a hash of the prefix and the network name, so that
    /// networks with a common name prefix differ. A device name has at most 15 characters.
    package static func bridge(_ id: PrefixID, _ net: String) -> String { "at" + sha1("\(id.hex)/\(net)").prefix(12) }

    /// Whether a device name has the form that `bridge` returns.
    package static func isBridge(_ device: String) -> Bool {
        device.hasPrefix("at") && device.utf8.count == 14
            && device.utf8.dropFirst(2).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Bridge device of a bridge network: named like the libvirt network, unless Linux would refuse that as a device name.
    package static func outsideBridge(_ id: PrefixID, _ net: String) -> String {
        let refused = net.contains { $0.isWhitespace || $0 == "/" || $0 == ":" || !$0.isASCII }
        return refused ? bridge(id, net) : ((try? network(id, net)) ?? bridge(id, net))
    }

    /// Name of a network's filter: `atoll-`, the prefix, the network. A filter has no metadata, so its name is the owner tag.
    package static func filter(_ id: PrefixID, _ net: String) -> String { "\(filterStart)\(id.hex)-\(net)" }

    /// Prefix and network of a filter name; nil for a foreign filter.
    package static func filterOwner(_ name: String) -> (prefix: PrefixID, net: String)? {
        let rest = name.dropFirst(filterStart.count)
        let hex = rest.prefix(32)
        guard name.hasPrefix(filterStart), rest.count > 33, rest.dropFirst(32).first == "-", hex.allSatisfy(\.isHexDigit),
            let prefix = PrefixID(String(hex))
        else { return nil }
        return (prefix, String(rest.dropFirst(33)))
    }

    private static let filterStart = "atoll-"

    /// SHA-1 of the text as 40 lower-case hex digits. Lago derives network names with it; not used for security.
    static func sha1(_ text: String) -> String {
        Insecure.SHA1.hash(data: Array(text.utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }
}
