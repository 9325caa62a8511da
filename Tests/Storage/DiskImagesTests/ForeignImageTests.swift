import AtollCommands
import AtollDiskImages
import AtollModel
import AtollPlatform
import AtollTestSupport
import Foundation
import Glibc
import Testing

/// Files that are not usable disks are refused by name, and the advised command makes a usable image of them.
@Suite(.serialized) struct ForeignImageTests {
    private let space: Workspace
    init() throws { space = try Workspace("foreign images") }

    private func path(_ name: String) -> String { space.path + "/" + name }

    private func raw(_ name: String, size: Int = 1 << 20) throws -> String {
        var bytes = [UInt8](repeating: 0, count: size)
        (bytes[510], bytes[511]) = (0x55, 0xAA)
        for index in 0..<size / 8 { bytes[size / 4 + index] = UInt8(truncatingIfNeeded: index &* 31 &+ 7) }
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
        return path(name)
    }

    private func sh(_ line: String) async throws { try await Tool.run("sh", ["-ec", "cd \"$0\"; \(line)", space.path]) }

    private func refusal(_ file: String) -> DiskImageError? {
        #expect(throws: DiskImageError.self) { try ImageHeader.checkStandalone(path(file)) }
    }

    /// What stands after the last colon-space of a message that ends in a command.
    private func command(_ error: DiskImageError?, _ word: String) throws -> String {
        let message = try #require(error?.message)
        let start = try #require(message.range(of: word, options: .backwards)?.lowerBound)
        return String(message[start...])
    }

    @Test(arguments: ["xz", "gzip", "bzip2", "zstd"]) func theDecompressionCommandWorks(_ program: String) async throws {
        let source = try raw("it's big.img")
        // The extension says nothing.
        try await sh("\(program) -c < \"it's big.img\" > \"it's a disk.qcow2\"")
        let error = refusal("it's a disk.qcow2")
        #expect(error?.code == .wrongFormat && error?.message.contains("is compressed with \(program)") == true, "\(error as Any)")
        #expect(Compression.detect(path("it's a disk.qcow2"))?.rawValue == program)
        let line = try command(error, "\(program) -dc")
        try await Tool.run("sh", ["-ec", line])
        #expect(try await Digest.file(path("it's a disk.img")) == Digest.file(source))
    }

    @Test(arguments: [("vmdk", "VMware"), ("vdi", "VirtualBox"), ("vhdx", "Hyper-V"), ("vpc", "Virtual PC"), ("parallels", "Parallels")])
    func theConversionCommandWorks(_ driver: String, _ name: String) async throws {
        let source = try raw("a b")
        try await Tool.run("qemu-img", ["convert", "-f", "raw", "-O", driver, source, path("a b.vmdk")])
        let error = refusal("a b.vmdk")
        #expect(error?.message.contains(name) == true, "\(error as Any)")
        try await Tool.run("sh", ["-ec", try command(error, "qemu-img convert")])
        try ImageHeader.checkStandalone(path("a b.qcow2"))
        try await QemuImg.convert(path("a b.qcow2"), from: .qcow2, to: path("again"), as: .raw)
        let (made, wanted) = (try AtomicFile.read(path("again")), try AtomicFile.read(source))
        #expect(Array(made.prefix(wanted.count)) == wanted)
    }

    @Test(arguments: [
        ("-f qcow2 -o encrypt.format=luks,encrypt.iter-time=10,encrypt.key-secret=key", "encrypted with LUKS"),
        ("-f qcow2 -o encrypt.format=aes,encrypt.key-secret=key", "encrypted with AES"),
        ("-f luks -o iter-time=10,key-secret=key", "a LUKS volume"),
    ]) func anEncryptedImageIsRefusedAndTheCommandDecryptsACopy(_ options: String, _ what: String) async throws {
        try space.write("pass", "secret")
        let made = try await Tool.output(
            "sh",
            [
                "-ec",
                "cd \"$0\"; n=0; until qemu-img create -q --object secret,id=key,file=pass \(options) 'a,b c.img' 1M; do n=$((n + 1)); [ $n -lt 9 ]; done",
                space.path,
            ])
        // Newer versions of qemu-img do not make AES images any more.
        if made.status != 0, options.contains("=aes") {
            #expect(made.standardError.contains("AES"))
            return
        }
        #expect(made.status == 0, "\(made.standardError)")
        let error = refusal("a,b c.img")
        #expect(error?.code == .wrongFormat && error?.message.contains(what) == true, "\(error as Any)")
        let line = try command(error, "qemu-img convert").replacingOccurrences(of: "PASSPHRASE_FILE", with: "pass")
        try await sh(line)
        #expect(try ImageHeader.checkStandalone(path("a,b c.qcow2")).virtualSize == 1 << 20)
        if what != "a LUKS volume" {
            #expect(throws: DiskImageError.self) { try ImageHeader.checkContent(path("a,b c.img"), as: .qcow2) }
            #expect(throws: DiskImageError.self) { try ImageHeader.layers(under: path("a,b c.img"), format: .qcow2) }
        } else {
            // A whole disk that its guest opens by itself.
            try ImageHeader.checkContent(path("a,b c.img"), as: .raw)
        }
    }

    @Test(arguments: [
        ("tar -cf x disk", "a tar archive", "tar -tf"), ("tar --format=v7 -cf x disk", "a tar archive", "tar -tf"),
        ("python3 -m zipfile -c x disk", "a zip archive", "unzip -l"), ("echo disk | cpio -o -H newc > x", "a cpio archive", "cpio -t"),
        ("xz --format=lzma -c disk > x", "compressed with lzma", "xz -dc --format=lzma <"),
        ("printf '\\004\\042\\115\\030aaaa' > x", "compressed with lz4", "lz4 -dc <"),
        ("printf '7z\\274\\257\\047\\034aa' > x", "a 7z archive", "7z l"), ("printf 'Rar!\\032\\007aa' > x", "a rar archive", "unrar l"),
        ("printf '\\355\\253\\356\\333aa' > x", "an RPM package", "rpm -qlp"), ("printf '!<arch>\\n' > x", "an ar archive", "ar t"),
    ]) func archivesAndOtherCompressionsAreNamed(_ line: String, _ what: String, _ step: String) async throws {
        _ = try raw("disk")
        try await sh(line)
        let error = refusal("x")
        #expect(error?.message.contains(what) == true && error?.message.contains(step) == true, "\(error as Any)")
        #expect(error?.message.contains("'\(path("x"))'") == true, "the path has spaces")
        #expect(Compression.detect(path("x")) == nil)
    }

    /// What `qemu-img convert` makes of a file that is not a disk.
    @Test(arguments: [
        "xz -c disk", "gzip -c disk", "bzip2 -c disk", "zstd -qc disk", "tar -c disk", "cat inner.qcow2", "xz --format=lzma -c disk",
    ])
    func aQcow2AroundAnotherFileIsRefused(_ command: String) async throws {
        try await QemuImg.convert(try raw("disk"), from: .raw, to: path("inner.qcow2"), as: .qcow2)
        try await sh("\(command) > x; qemu-img convert -f raw -O qcow2 x x.qcow2")
        let error = refusal("x.qcow2")
        #expect(error?.code == .wrongFormat && error?.message.contains("does not contain a disk but") == true, "\(error as Any)")
        #expect(throws: DiskImageError.self) { try ImageHeader.checkContent(path("x.qcow2"), as: .qcow2) }
    }

    @Test func disksArePassed() async throws {
        try await sh("truncate -s 1M zeros; qemu-img convert -f raw -O qcow2 zeros zeros.qcow2")
        try ImageHeader.checkStandalone(path("zeros.qcow2"))
        try ImageHeader.checkStandalone(try raw("disk"))
        try ImageHeader.checkContent(path("zeros"), as: .raw)
    }

    @Test func decompressionKeepsHolesAndStopsAtItsLimit() async throws {
        try await sh("truncate -s 256M big; printf x >> big; xz -0 -c big > big.xz")
        let sizes = Decompressor(limit: 1 << 30, margin: 0)
        try await sizes.run(path("big.xz"), .xz, to: path("out"))
        #expect(try #require(SystemCall.status(path("out"))).st_size == 256 << 20 + 1)
        #expect(try #require(DiskSpace.allocated(path("out"))) < 1 << 20)
        let small = Decompressor(limit: 100 << 20, margin: 0)
        let error = await #expect(throws: DiskImageError.self) { try await small.run(path("big.xz"), .xz, to: path("no")) }
        #expect(error?.code == .wrongFormat && error?.message.contains("limit of 100 MiB") == true, "\(error as Any)")
        #expect(!SystemCall.exists(path("no")))
    }

    @Test(arguments: Compression.allCases) func aTruncatedFileIsDamaged(_ compression: Compression) async throws {
        _ = try raw("disk")
        try await sh("\(compression.rawValue) -c < disk > x")
        let size = try #require(SystemCall.status(path("x"))).st_size
        #expect(truncate(path("x"), size / 2) == 0)
        let error = await #expect(throws: DiskImageError.self) {
            try await Decompressor(limit: 1 << 30, margin: 0).run(path("x"), compression, to: path("out"))
        }
        #expect(
            error?.code == .damaged && error?.message.contains("\(compression.rawValue) -t < '\(path("x"))'") == true, "\(error as Any)")
        #expect(!SystemCall.exists(path("out")))
    }

    @Test func aFullDiskEndsDecompression() async throws {
        try await sh("head -c 64M /dev/urandom | gzip -1 -c > x")
        let full = Decompressor(limit: 1 << 30, margin: 1 << 20) { _ in 1 << 10 }
        let error = await #expect(throws: DiskImageError.self) { try await full.run(path("x"), .gzip, to: path("out")) }
        #expect(error?.code == .noSpace && !SystemCall.exists(path("out")))
    }
}
