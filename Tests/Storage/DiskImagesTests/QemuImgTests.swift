import AtollCommands
import AtollDiskImages
import AtollModel
import AtollPlatform
import AtollTestSupport
import Foundation
import Glibc
import Synchronization
import Testing

@Suite struct QemuImgTests {
    let space: Workspace
    init() throws { space = try Workspace("qemu-img") }
    func path(_ name: String) -> String { space.path + "/" + name }

    @Test func conversionKeepsContentAndHolesAndReportsProgress() async throws {
        try await QemuImg.createEmpty(path("a.raw"), format: .raw, size: 64 << 20)
        let descriptor = open(path("a.raw"), O_WRONLY)
        let text = Array("forty-two".utf8)
        #expect(pwrite(descriptor, text, text.count, 33 << 20) == text.count)
        close(descriptor)
        try await QemuImg.convert(path("a.raw"), from: .raw, to: path("b.qcow2"), as: .qcow2)
        let last = Mutex(0.0)
        try await QemuImg.convert(path("b.qcow2"), from: .qcow2, to: path("store:tiny:1"), as: .raw) { percent in
            last.withLock { $0 = percent }
        }
        #expect(last.withLock { $0 } == 100)
        #expect(try await Digest.file(path("a.raw")) == Digest.file(path("store:tiny:1")))
        #expect(try #require(DiskSpace.allocated(path("store:tiny:1"))) < 1 << 20)
    }

    @Test func failuresLeaveNoFileAndNameIt() async throws {
        let source = try space.write("text", String(repeating: "x", count: 1024))
        let error = await #expect(throws: DiskImageError.self) {
            try await QemuImg.convert(source, from: .qcow2, to: path("out"), as: .raw)
        }
        #expect(error?.message.contains(path("out")) == true)
        #expect(!SystemCall.exists(path("out")))
        let missing = await #expect(throws: DiskImageError.self) {
            try await QemuImg.createOverlay(path("o"), on: path("gone"), format: .raw)
        }
        #expect(missing?.code == .missing)
        let taken = await #expect(throws: DiskImageError.self) { try await QemuImg.createEmpty(source, format: .raw, size: 512) }
        #expect(taken?.message.contains("exists") == true)
        #expect(try AtomicFile.text(source).hasPrefix("xxx"))
    }

    @Test func cancellationEndsTheConversionAndRemovesThePartialFile() async throws {
        // 64 GiB of holes and a little data in many places: long enough to be interrupted.
        try await QemuImg.createEmpty(path("a.raw"), format: .raw, size: 256 << 30)
        let descriptor = open(path("a.raw"), O_WRONLY)
        for index in 0..<4000 { #expect(pwrite(descriptor, "data", 4, off_t(index) << 26) == 4) }
        close(descriptor)
        let (begun, signal) = AsyncStream<Void>.makeStream()
        let task = Task {
            try await QemuImg.convert(path("a.raw"), from: .raw, to: path("b.qcow2"), as: .qcow2, compress: true) { _ in signal.yield() }
        }
        for await _ in begun { break }
        task.cancel()
        let error = await #expect(throws: DiskImageError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        #expect(!SystemCall.exists(path("b.qcow2")))
    }

    @Test func aRelativeBackingFileIsResolvedFromTheOverlay() async throws {
        try await Tool.run("qemu-img", ["create", "-q", "-u", "-f", "qcow2", "-b", "./moved:tiny:1", "-F", "raw", path("o.qcow2"), "1M"])
        let header = try ImageHeader.read(path("o.qcow2"))
        #expect(header.backingFile == "./moved:tiny:1" && header.backingPath == path("moved:tiny:1"))
    }

    @Test func accessIsForOwnerAndQEMUOnly() async throws {
        try await QemuImg.createEmpty(path("a.raw"), format: .raw, size: 1 << 20)
        let warning = try ImageAccess.set(path("a.raw"), for: .disk)
        #expect(try #require(SystemCall.status(path("a.raw"))).st_mode & 0o7 == 0)
        if let user = AccessControl.qemuUser, warning == nil {
            #expect(AccessControl.granted(on: path("a.raw"), to: user) == [.read, .write])
        }
    }
}
