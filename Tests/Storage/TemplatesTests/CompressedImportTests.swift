import AtollCommands
import AtollDiskImages
import AtollModel
import AtollPlatform
import AtollTemplates
import AtollTestSupport
import Foundation
import Synchronization
import Testing

@Suite(.serialized) struct CompressedImportTests {
    private let bench: TemplateBench
    private let name: TemplateName
    init() throws {
        bench = try TemplateBench()
        name = try TemplateName(repository: "acme", template: "deb", version: "v1")
    }

    private func compressed(_ program: String, _ source: String, _ target: String) async throws -> String {
        let path = bench.images + "/" + target
        try await Tool.run("sh", ["-ec", "exec \"$0\" -c < \"$1\" > \"$2\"", program, source, path])
        return path
    }

    @Test(arguments: ["xz", "gzip", "bzip2", "zstd"], [true, false])
    func aCompressedImageBecomesATemplate(_ program: String, _ asQcow: Bool) async throws {
        let raw = try bench.raw("plain")
        let file = try await compressed(program, asQcow ? try await bench.qcow("disk") : raw, "no ending")
        let stored = try await bench.store.importImage(file, as: name, sha256: try await Digest.file(file).sha256) { bench.note($0) }
        #expect(try await Digest.file(stored.path) == Digest.file(raw))
        #expect(stored.record?.image == (try await Digest.file(raw)))
        #expect(bench.events.withLock { $0.contains { if case .decompressing = $0 { true } else { false } } })
        #expect(bench.files == ["acme:deb:v1", "acme:deb:v1.digests", "acme:deb:v1.hash", "acme:deb:v1.metadata"])
    }

    @Test func theDigestOfTheContentIsAcceptedAndAnotherIsNot() async throws {
        let raw = try bench.raw("plain")
        let file = try await compressed("xz", raw, "x.xz")
        let wrong = await #expect(throws: TemplateError.self) {
            try await bench.store.importImage(file, as: name, sha256: String(repeating: "0", count: 64))
        }
        #expect(wrong?.code == .hashMismatch && bench.files == [])
        try await bench.store.importImage(file, as: name, sha256: try await Digest.file(raw).sha256)
    }

    @Test(arguments: [("/a/big.img.xz", "big"), ("disk.qcow2", "disk"), ("x.gz", "x"), ("plain", "plain"), ("a.b.raw.zst", "a.b")])
    func theDefaultNameHasNoEndings(_ path: String, _ stem: String) { #expect(TemplateName.stem(ofFile: path) == stem) }

    @Test func aDecompressionBombIsRefusedWithItsLimit() async throws {
        try await Tool.run("truncate", ["-s", "300M", bench.images + "/zeros"])
        let file = try await compressed("gzip", bench.images + "/zeros", "bomb.gz")
        var store = bench.store
        store.decompressedLimit = 64 << 20
        let limited = store
        let error = await #expect(throws: TemplateError.self) { try await limited.importImage(file, as: name) }
        #expect(error?.code == .badImage && error?.message.contains("limit of 64 MiB") == true, "\(error as Any)")
        #expect(bench.files == [])
    }

    @Test func whatIsInsideIsCheckedAndNamedByItsFile() async throws {
        let raw = try bench.raw("plain")
        let twice = try await compressed("gzip", try await compressed("xz", raw, "once.xz"), "twice.gz")
        try await Tool.run("tar", ["-C", bench.images, "-cf", bench.images + "/disk.tar", "plain"])
        let tar = try await compressed("xz", bench.images + "/disk.tar", "disk.tar.xz")
        // Wrapped by qemu-img, once with its clusters compressed.
        let wrapped = bench.images + "/wrapped.qcow2"
        try await QemuImg.convert(twice, from: .raw, to: wrapped, as: .qcow2)
        let hidden = bench.images + "/hidden.qcow2"
        try await QemuImg.convert(bench.images + "/disk.tar", from: .raw, to: hidden, as: .qcow2, compress: true)
        for (file, what) in [
            (twice, "compressed with xz"), (tar, "a tar archive"), (wrapped, "compressed with gzip"), (hidden, "tar archive"),
        ] {
            let error = await #expect(throws: TemplateError.self) { try await bench.store.importImage(file, as: name) }
            #expect(error?.code == .badImage && error?.message.contains(what) == true, "\(error as Any)")
            #expect(error?.message.contains(file) == true && error?.message.contains(".tmp.") == false, "\(error as Any)")
            #expect(bench.files == [])
        }
    }

    @Test func anEncryptedImageIsRefusedWithoutTemporaryPaths() async throws {
        let file = bench.images + "/secret.qcow2"
        try AtomicFile.write("secret", to: bench.images + "/pass")
        try await EncryptedImage.create(
            [
                "--object", "secret,id=key,file=\(bench.images)/pass", "-f", "qcow2", "-o",
                "encrypt.format=luks,encrypt.iter-time=10,encrypt.key-secret=key", file, "1M",
            ])
        let error = await #expect(throws: TemplateError.self) { try await bench.store.importImage(file, as: name) }
        #expect(error?.code == .badImage && error?.message.contains("encrypted with LUKS") == true, "\(error as Any)")
        #expect(error?.message.contains(".tmp.") == false && bench.files == [])
    }
}
