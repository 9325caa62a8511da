import AtollCommands
import AtollDiskImages
import AtollModel
import AtollPlatform
import AtollTestSupport
import Glibc
import Testing

/// The files under an image, as the headers name them.
@Suite struct LayersTests {
    let space: Workspace
    init() throws { space = try Workspace("layers") }

    func path(_ name: String) -> String { space.path + "/" + name }

    /// An image that names `backing`, whether that is there or not.
    func overlay(_ name: String, on backing: String, format: String = "qcow2") async throws -> String {
        try await Tool.run("qemu-img", ["create", "-q", "-u", "-f", "qcow2", "-b", backing, "-F", format, path(name), "1M"])
        return path(name)
    }

    @Test func theWholeBackingChainIsFound() async throws {
        try await QemuImg.createEmpty(path("base.raw"), format: .raw, size: 1 << 20)
        // A relative name, as in layered exports.
        let middle = try await overlay("middle", on: "./base.raw", format: "raw")
        let top = try await overlay("top", on: middle)
        #expect(
            try ImageHeader.layers(under: top, format: .qcow2)
                == [Disk.Layer(path: middle, format: .qcow2), Disk.Layer(path: path("base.raw"), format: .raw)])
        #expect(try ImageHeader.layers(under: top, format: .raw) == [], "what a guest writes into a raw disk names no file")
    }

    @Test func aRawBackingFileStaysRawWhateverItsGuestWrote() async throws {
        let bait = try await overlay("bait", on: "/etc/passwd", format: "raw")
        let top = try await overlay("top", on: bait, format: "raw")
        #expect(try ImageHeader.layers(under: top, format: .qcow2) == [Disk.Layer(path: bait, format: .raw)])
    }

    @Test func aMissingBackingFormatIsReadFromTheBackingFile() async throws {
        let middle = try await overlay("middle", on: try await overlay("lowest", on: path("lowest.raw"), format: "raw"))
        try await QemuImg.createEmpty(path("lowest.raw"), format: .raw, size: 1 << 20)
        // Lago writes no format; current qemu-img requires one, so the header extension is removed.
        let top = try await overlay("top", on: middle)
        var bytes = try AtomicFile.read(top)
        let mark: [UInt8] = [0xE2, 0x79, 0x2A, 0xCA]
        let place = try #require((0..<4096).first { Array(bytes[$0..<$0 + 4]) == mark })
        bytes[place] = 0x11
        try AtomicFile.write(bytes, to: top)
        #expect(try ImageHeader.read(top).backingFormat == nil)
        #expect(try ImageHeader.layers(under: top, format: .qcow2).map(\.format) == [.qcow2, .qcow2, .raw])
    }

    @Test func aMissingBackingFileIsNamed() async throws {
        let top = try await overlay("top", on: try await overlay("middle", on: path("el9:v1")))
        let error = #expect(throws: DiskImageError.self) { try ImageHeader.layers(under: top, format: .qcow2) }
        #expect(error?.code == .missing && error?.file == path("el9:v1"))
        #expect(error?.message.contains("'\(path("middle"))': its backing file '\(path("el9:v1"))' does not exist") == true)
    }

    @Test func loopsAreDetected() async throws {
        _ = try await overlay("a", on: path("b"))
        _ = try await overlay("b", on: path("a"))
        #expect(#expect(throws: DiskImageError.self) { try ImageHeader.layers(under: path("a"), format: .qcow2) }?.code == .damaged)
        // `d` is this very directory: the file has a new name at every turn.
        #expect(symlink(".", path("d")) == 0)
        _ = try await overlay("c", on: "d/c")
        #expect(#expect(throws: DiskImageError.self) { try ImageHeader.layers(under: path("c"), format: .qcow2) }?.code == .damaged)
    }
}
