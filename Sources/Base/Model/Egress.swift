/// What the guests of a network can reach outside it.
public enum Egress: Sendable, Equatable, CustomStringConvertible {
    /// Everything that the host can reach, and the host itself.
    case on
    /// Only the network's other guests, DHCP server and name server.
    case off
    /// Like `off`, plus these destinations.
    case only([Destination])

    /// Everything except the host and the networks of other guests. A narrower destination does not open those.
    public static let outside = Egress.only([Destination(.subnet(IPv4Subnet(containing: IPv4Address(0, 0, 0, 0), prefixLength: 0)))])

    /// The text that `init` parses.
    public var description: String {
        switch self {
        case .on: "on"
        case .off: "off"
        case Self.outside: "outside"
        case .only(let destinations): destinations.map(\.description).joined(separator: ",")
        }
    }

    /// Parses a setting or option: `on`, `outside`, `off`, or destinations separated by commas; nil for anything else.
    public init?(words text: String) {
        switch text.lowercased() {
        case "on", "true", "yes": self = .on
        case "off", "false", "no": self = .off
        case "outside": self = .outside
        default:
            let words = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.drop { $0 == " " } }
            let destinations = words.compactMap { Destination(String($0)) }
            guard destinations.count == words.count else { return nil }
            self = .only(destinations)
        }
    }

    /// Syntax, for messages.
    public static let rule = "on, outside (all but this host), off, or a list of destinations: \(Destination.rule)"

    /// One allowed destination.
    public struct Destination: Sendable, Hashable, CustomStringConvertible {
        public enum Place: Sendable, Hashable {
            case subnet(IPv4Subnet)
            /// A host name; the host resolves its addresses when the network starts.
            case name(String)
            /// The host, at its address on this network.
            case gateway
        }
        public var place: Place
        /// TCP and UDP port; nil for every port and protocol.
        public var port: Int?

        public init(_ place: Place, port: Int? = nil) {
            self.place = place
            self.port = port
        }

        /// Parses `10.0.0.5`, `10.1.0.0/16`, `mirror.example` or `gateway`, each with an optional `:PORT`; nil for anything else.
        public init?(_ text: String) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard (1...2).contains(parts.count) else { return nil }
            if parts.count == 2 {
                guard let number = Self.number(parts[1]), (1...65535).contains(number) else { return nil }
                port = number
            }
            if parts[0] == "gateway" {
                place = .gateway
            } else if let subnet = Self.subnet(parts[0]) {
                place = .subnet(subnet)
            } else if Self.isHostName(parts[0]) {
                place = .name(String(parts[0]))
            } else {
                return nil
            }
        }

        /// Syntax, for messages.
        public static let rule = "an IPv4 address, a network such as 10.1.0.0/16, a host name, or gateway; each with an optional :PORT"

        public var description: String {
            let text =
                switch place {
                case .subnet(let subnet): subnet.prefixLength == 32 ? "\(subnet.base)" : "\(subnet)"
                case .name(let name): name
                case .gateway: "gateway"
                }
            return port.map { "\(text):\($0)" } ?? text
        }

        private static func number(_ text: Substring) -> Int? {
            text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
        }

        private static func subnet(_ text: Substring) -> IPv4Subnet? {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count <= 2, let address = IPv4Address(String(parts[0])) else { return nil }
            guard parts.count == 2 else { return IPv4Subnet(containing: address, prefixLength: 32) }
            // Set host bits are probably a mistake.
            guard let length = number(parts[1]), (0...32).contains(length) else { return nil }
            let subnet = IPv4Subnet(containing: address, prefixLength: length)
            return subnet.base == address ? subnet : nil
        }

        private static func isHostName(_ text: Substring) -> Bool {
            let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            // A name whose last label is all digits would be an invalid IPv4 address.
            guard text.utf8.count <= 253, let last = labels.last, last.contains(where: { !isDigit($0) }) else { return false }
            return labels.allSatisfy { label in
                (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                    && label.allSatisfy {
                        isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) || $0 == UInt8(ascii: "-")
                    }
            }
        }

        private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
    }
}
