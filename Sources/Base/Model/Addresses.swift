/// An IPv4 address.
public struct IPv4Address: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Numeric value in host byte order: 192.168.200.1 is 0xC0A8_C801.
    public var rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) {
        rawValue = UInt32(a) << 24 | UInt32(b) << 16 | UInt32(c) << 8 | UInt32(d)
    }

    /// Parses a strict dotted quad; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard part.allSatisfy({ $0.isASCII && $0.isNumber }), let octet = UInt8(part) else { return nil }
            value = value << 8 | UInt32(octet)
        }
        rawValue = value
    }

    /// The four octets, most significant first.
    public var octets: [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: rawValue >> $0) } }
    public var lastOctet: UInt8 { UInt8(truncatingIfNeeded: rawValue) }
    public var description: String { octets.map(String.init).joined(separator: ".") }
    public static func < (a: IPv4Address, b: IPv4Address) -> Bool { a.rawValue < b.rawValue }
}

/// An IPv4 network: base address and prefix length.
public struct IPv4Subnet: Sendable, Hashable, CustomStringConvertible {
    public var base: IPv4Address
    /// Prefix length, 0...32.
    public var prefixLength: Int

    /// The network that contains `address`; host bits are cleared.
    public init(containing address: IPv4Address, prefixLength: Int = 24) {
        self.prefixLength = prefixLength
        base = IPv4Address(rawValue: address.rawValue & Self.mask(prefixLength))
    }

    /// The leasable subnet with this third octet: `192.168.200.0/24` for 200.
    public init(leasedThirdOctet octet: UInt8) { self.init(containing: IPv4Address(192, 168, octet, 0)) }

    /// Third octets of the leasable subnets, 192.168.x.0/24 (spec 3.8).
    public static let leasedRange: ClosedRange<UInt8> = 200...255

    /// Whether this is a leasable subnet.
    public var isLeased: Bool {
        prefixLength == 24 && base.octets[0] == 192 && base.octets[1] == 168 && Self.leasedRange.contains(base.octets[2])
    }

    public func contains(_ address: IPv4Address) -> Bool { address.rawValue & Self.mask(prefixLength) == base.rawValue }

    /// Whether the two networks share an address.
    public func overlaps(_ other: IPv4Subnet) -> Bool {
        prefixLength <= other.prefixLength ? contains(other.base) : other.contains(base)
    }

    /// The address with this last octet. Only meaningful for a /24.
    public func address(_ lastOctet: UInt8) -> IPv4Address { IPv4Address(rawValue: base.rawValue | UInt32(lastOctet)) }

    public var description: String { "\(base)/\(prefixLength)" }

    static func mask(_ length: Int) -> UInt32 { length == 0 ? 0 : ~UInt32(0) << UInt32(32 - length) }
}

/// A NIC's hardware address.
public struct MACAddress: Sendable, Hashable, CustomStringConvertible {
    /// Six octets.
    public var octets: [UInt8]

    /// The MAC address derived from an IP address: `54:52:` and the four octets (spec 2.4).
    public init(derivedFrom address: IPv4Address) { octets = [0x54, 0x52] + address.octets }

    public var description: String {
        octets.map { octet in
            let text = String(octet, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined(separator: ":")
    }
}

/// Derivation of IPv6 prefixes and addresses from a leased subnet (spec 5.4): `fd8f:1391:3a82:<third octet, its decimal digits>::`.
public enum IPv6Derivation {
    /// `fd8f:1391:3a82:200::` for 192.168.200.0/24.
    public static func prefix(of subnet: IPv4Subnet) -> String { "fd8f:1391:3a82:\(subnet.base.octets[2])::" }

    /// `fd8f:1391:3a82:200::192.168.200.2`: the v4 address in the low 32 bits of its own subnet's prefix.
    public static func address(of address: IPv4Address) -> String { prefix(of: IPv4Subnet(containing: address)) + "\(address)" }
}
