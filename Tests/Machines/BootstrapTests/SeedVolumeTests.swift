import AtollArchive
import AtollModel
import AtollTestSupport
import Crypto
import Testing

@testable import AtollBootstrap

@Suite struct SeedVolumeTests {
    @Test func bothReadersFindTheirFiles() throws {
        let volume = try ISOReader(try SeedVolume.image(of: Samples.identity()))
        #expect(volume.label == "cidata")
        #expect(volume.files.keys.sorted() == ["atoll-seed.tar", "meta-data", "network-config", "user-data"])
        let user = try #require(volume.text("user-data"))
        #expect(user.hasPrefix("#cloud-config\n"))
        #expect(try YAMLText.parse(volume.text("meta-data") ?? "") == ["instance-id": "iid-vm-a", "local-hostname": "vm-a"])
    }

    @Test func theTarHoldsWhatSysprepWrites() throws {
        let identity = Samples.identity(password: "s3cret")
        let volume = try ISOReader(try SeedVolume.image(of: identity))
        let entries = try TarReader.entries(try #require(volume.files["atoll-seed.tar"]))
        #expect(try entries == SeedVolume.tree(of: identity))
        for file in IdentityFiles.common(identity) + NetworkStyle.networkd.files(for: identity.nics) { #expect(entries.contains(file)) }
        #expect(entries.contains { $0.path == "/etc/network/interfaces" })
        #expect(entries.first { $0.path == "/root/.ssh" } == .directory("/root/.ssh", mode: 0o700))
        #expect(entries.first { $0.path == SeedVolume.passwordPath }?.text?.hasPrefix("root:$6$") == true)
        #expect(!entries.contains { $0.text?.contains("inet dhcp") == true && $0.text?.contains("eth0 inet dhcp") == true })
    }

    /// The bytes are a contract with readers in images already built: a change here is a change of format.
    @Test func equalIdentitiesMakeEqualBytes() throws {
        let image = try SeedVolume.image(of: Samples.identity(), time: 1_700_000_000)
        #expect(image == (try SeedVolume.image(of: Samples.identity(), time: 1_700_000_000)))
        let digest = SHA256.hash(data: image).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(digest == Self.golden)
    }
    static let golden = "e5c71a7a2b4a635e8d2bcd3b1be39a75f8f158f742d5a1669d7a0252cb0d5c9b"

    @Test func manyLongNamesSpanDirectorySectors() throws {
        var generator = SeededGenerator(seed: UInt64.random(in: 0 ... .max))
        print("seed \(generator.seed)")
        var files: [(name: String, bytes: [UInt8])] = []
        for index in 0..<60 {
            let name = "\(index)-" + String(repeating: "n", count: Int.random(in: 0...120, using: &generator))
            files.append((name, [UInt8](repeating: UInt8(index), count: Int.random(in: 0...5000, using: &generator))))
        }
        let volume = try ISOReader(try ISOImage(label: "x", files: files, time: 0).bytes())
        #expect(volume.files == Dictionary(uniqueKeysWithValues: files.map { ($0.name, $0.bytes) }))
    }

    @Test(arguments: ["", "a/b", "..", String(repeating: "x", count: 129)]) func refusesNamesThatHaveNoPlace(_ name: String) {
        #expect(throws: BootstrapError.self) { try ISOImage(label: "x", files: [(name, [])], time: 0).bytes() }
    }

    @Test func longPathsAreSplitOrRefused() throws {
        let path = "/" + String(repeating: "d", count: 90) + "/" + String(repeating: "f", count: 90)
        #expect(try TarReader.entries(try TarArchive.bytes(of: [.text(path, "x")], time: 0)) == [.text(path, "x")])
        #expect(throws: BootstrapError.self) { try TarArchive.bytes(of: [.text("/" + String(repeating: "f", count: 101), "")], time: 0) }
        #expect(throws: BootstrapError.self) { try TarArchive.bytes(of: [.text("/a/../b", "")], time: 0) }
    }

    @Test func nothingDescribesASecret() throws {
        let identity = Samples.identity(password: "s3cret")
        var dumped = ""
        dump(identity, to: &dumped)
        dump(try SeedVolume.tree(of: identity), to: &dumped)
        let texts = ["\(identity)", String(reflecting: identity), dumped, "\(try SeedVolume.tree(of: identity))"]
        for text in texts { #expect(!text.contains("s3cret") && !text.contains("TOPSECRET") && !text.contains("$6$")) }
        let image = String(decoding: try SeedVolume.image(of: identity), as: UTF8.self)
        #expect(!image.contains("s3cret"))
    }
}
