import AtollModel
import AtollTestSupport
import Testing

@Suite struct AddressTests {
    @Test func macAndIPv6AreDerivedFromTheAddress() throws {
        let address = try #require(IPv4Address("192.168.200.2"))
        #expect(MACAddress(derivedFrom: address).description == "54:52:c0:a8:c8:02")
        #expect(IPv6Derivation.address(of: address) == "fd8f:1391:3a82:200::192.168.200.2")
    }

    @Test(arguments: ["192,168.200.3", "1.2.3", "1.2.3.4.5", "256.1.1.1", "0.0.0.-1", "a.b.c.d", ""])
    func malformedAddressesAreRefused(_ text: String) { #expect(IPv4Address(text) == nil) }

    @Test(arguments: 1...200) func textRoundTrips(_ seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let address = IPv4Address(rawValue: UInt32.random(in: 0 ... .max, using: &generator))
        #expect(IPv4Address(address.description) == address, "seed \(seed)")
    }

    @Test func overlapIsNotEquality() {
        let wide = IPv4Subnet(containing: IPv4Address(192, 168, 0, 0), prefixLength: 16)
        let leased = IPv4Subnet(leasedThirdOctet: 201)
        #expect(wide.overlaps(leased) && leased.overlaps(wide))
        #expect(!leased.overlaps(IPv4Subnet(leasedThirdOctet: 202)))
        #expect(IPv4Subnet(containing: IPv4Address(0, 0, 0, 0), prefixLength: 0).overlaps(leased))
    }
}

@Suite struct ByteSizeTests {
    @Test(arguments: [("10G", Int64(10) << 30), ("1.5M", 1_572_864), ("512", 512), ("2GiB", 2 << 30), ("4k", 4096)])
    func qemuSyntax(_ text: String, _ bytes: Int64) { #expect(ByteSize(text)?.bytes == bytes) }

    @Test func sizesAreFormattedInBinaryUnits() {
        let sizes = [Int64]([0, 1023, 1536, 1 << 30, 7 << 29]).map { "\(ByteSize($0))" }
        #expect(sizes == ["0 B", "1023 B", "1.5 KiB", "1 GiB", "3.5 GiB"])
    }

    @Test(arguments: ["", "G", "10X", "-1G", "ten"]) func invalidSizesAreRefused(_ text: String) { #expect(ByteSize(text) == nil) }
}
