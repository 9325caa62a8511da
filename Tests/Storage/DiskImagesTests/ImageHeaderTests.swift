import AtollCommands
import AtollDiskImages
import AtollModel
import AtollPlatform
import AtollTestSupport
import Foundation
import Glibc
import Testing

@Suite struct ImageHeaderTests {
    let space: Workspace
    init() throws { space = try Workspace("images") }

    func path(_ name: String) -> String { space.path + "/" + name }

    /// A raw disk of `size` bytes that begins like a partitioned one.
    func raw(_ name: String, size: Int = 4 << 20) throws -> String {
        var bytes = [UInt8](repeating: 0, count: size)
        bytes[510] = 0x55
        bytes[511] = 0xAA
        for index in 0..<size / 8 { bytes[size / 4 + index] = UInt8(truncatingIfNeeded: index &* 31 &+ 7) }
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
        return path(name)
    }

    @Test func qcowHeaderHasSizeAndBackingFile() async throws {
        let base = try raw("base")
        let overlay = path("overlay.qcow2")
        try await QemuImg.createOverlay(overlay, on: base, format: .raw)
        let header = try ImageHeader.read(overlay)
        #expect(header.format == .qcow2 && header.virtualSize == 4 << 20)
        #expect(header.backingFile == base && header.backingFormat == "raw")
        try await QemuImg.createOverlay(path("top.qcow2"), on: overlay, format: .qcow2, size: 8 << 20)
        let top = try ImageHeader.read(path("top.qcow2"))
        #expect(top.virtualSize == 8 << 20 && top.backingPath == overlay && top.backingFormat == "qcow2")
    }

    @Test func aBackingFileOrDataFileIsRefusedByName() async throws {
        try await Tool.run("qemu-img", ["create", "-q", "-u", "-f", "qcow2", "-b", "/etc/passwd", "-F", "raw", path("b.qcow2"), "1M"])
        let backing = #expect(throws: DiskImageError.self) { try ImageHeader.checkStandalone(path("b.qcow2")) }
        #expect(backing?.code == .refersElsewhere && backing?.message.contains("/etc/passwd") == true)
        try await Tool.run("qemu-img", ["create", "-q", "-f", "qcow2", "-o", "data_file=\(path("elsewhere.raw"))", path("d.qcow2"), "1M"])
        let data = #expect(throws: DiskImageError.self) { try ImageHeader.checkStandalone(path("d.qcow2")) }
        #expect(data?.code == .refersElsewhere && data?.message.contains(path("elsewhere.raw")) == true)
    }

    @Test(arguments: [0.3, 0.6, 0.9]) func aTruncatedImageIsDamaged(_ part: Double) async throws {
        let whole = path("whole.qcow2")
        try await QemuImg.convert(try raw("base"), from: .raw, to: whole, as: .qcow2)
        try ImageHeader.checkStandalone(whole)
        let size = try #require(SystemCall.status(whole)).st_size
        #expect(truncate(whole, off_t(Double(size) * part)) == 0)
        #expect(#expect(throws: DiskImageError.self) { try ImageHeader.checkStandalone(whole) }?.code == .damaged)
    }

    @Test func compressedAndPreallocatedImagesAreWhole() async throws {
        try await QemuImg.convert(try raw("base"), from: .raw, to: path("small.qcow2"), as: .qcow2, compress: true)
        // A quarter to an eighth of the 4 MiB is data, in whole clusters.
        #expect((512 << 10...1 << 20).contains(try ImageHeader.checkStandalone(path("small.qcow2")).dataSize))
        try await QemuImg.createEmpty(path("empty.qcow2"), format: .qcow2, size: 1 << 30)
        let empty = try ImageHeader.checkStandalone(path("empty.qcow2"))
        #expect(empty.virtualSize == 1 << 30)
        #expect(empty.dataSize < 4 << 20, "what is only laid out in advance is no data")
    }

    @Test(arguments: [
        ("KDMV" + String(repeating: "\0", count: 508), "VMware"), ("# Disk DescriptorFile\nversion=1\n", "VMware"),
        ("vhdxfile" + String(repeating: "\0", count: 504), "vhdx"),
        ("\u{7F}ELF" + String(repeating: "\0", count: 508), "program"), ("", "empty"),
        (String(repeating: "Not found. ", count: 512), "text"),
        ("\0\u{1}\u{2}", "512-byte"),
    ]) func whatIsNoDiskIsNamed(_ content: String, _ name: String) throws {
        let error = #expect(throws: DiskImageError.self) { try ImageHeader.read(try space.write("x", content)) }
        #expect(error?.code == .wrongFormat && error?.message.contains(name) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: 1...60) func randomBytesNeverCrashTheReader(_ seed: Int) async throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        try await QemuImg.createEmpty(path("a.qcow2"), format: .qcow2, size: 1 << 20)
        var bytes = try AtomicFile.read(path("a.qcow2"))
        for _ in 0..<8 { bytes[Int.random(in: 4..<112, using: &generator)] = UInt8.random(in: 0...255, using: &generator) }
        try Data(bytes).write(to: URL(fileURLWithPath: path("b.qcow2")))
        // Either it is valid or it is refused with our error; the seed reproduces the input.
        do { try ImageHeader.checkStandalone(path("b.qcow2")) } catch let error as DiskImageError {
            #expect(error.message.contains("b.qcow2"), "seed \(seed)")
        }
    }

    @Test func aTableListedManyTimesIsReadOnce() async throws {
        try await QemuImg.convert(try raw("base"), from: .raw, to: path("bomb.qcow2"), as: .qcow2)
        try await Tool.run("qemu-img", ["resize", "-q", "-f", "qcow2", path("bomb.qcow2"), "4T"])
        let bytes = try AtomicFile.read(path("bomb.qcow2"))
        let number = { (at: Int, count: Int) in bytes[at..<at + count].reduce(0) { $0 << 8 | Int($1) } }
        let (entries, table) = (number(36, 4), number(40, 8))
        let first = Array(bytes[table..<table + 8])
        let all = (0..<entries).flatMap { _ in first }
        let descriptor = open(path("bomb.qcow2"), O_WRONLY)
        #expect(pwrite(descriptor, all, all.count, off_t(table)) == all.count)
        close(descriptor)
        #expect(#expect(throws: DiskImageError.self) { try ImageHeader.checkStandalone(path("bomb.qcow2")) }?.code == .damaged)
    }

    @Test func aMissingFileIsNamed() {
        let error = #expect(throws: DiskImageError.self) { try ImageHeader.read(path("nothing")) }
        #expect(error?.code == .missing && error?.message.contains("nothing") == true)
    }
}
