import AtollCommands
import AtollPlatform
import AtollTestSupport
import Glibc
import Testing

@Suite struct DigestTests {
    @Test func aCopyIsEqualAndItsSumsAreThoseOfTheTools() async throws {
        let space = try Workspace()
        let source = space.path + "/source"
        // Data, a hole of several buffers, written zeros, data, and an odd end.
        let descriptor = open(source, O_CREAT | O_RDWR, 0o600)
        var generator = SeededGenerator(seed: 7)
        let noise = (0..<300_001).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let zeros = [UInt8](repeating: 0, count: 200_000)
        #expect(pwrite(descriptor, noise, noise.count, 0) == noise.count)
        #expect(pwrite(descriptor, noise, noise.count, 5_000_000) == noise.count)
        #expect(pwrite(descriptor, zeros, zeros.count, 5_400_000) == zeros.count)
        #expect(ftruncate(descriptor, 9_000_003) == 0)
        close(descriptor)
        let copy = space.path + "/copy"
        let sums = try await Digest.copy(from: source, to: copy, mode: 0o640)
        #expect(sums.bytes == 9_000_003)
        #expect(try await Tool.run("sha1sum", [source]).hasPrefix(sums.sha1 + " "))
        #expect(try await Tool.run("sha256sum", [copy]).hasPrefix(sums.sha256 + " "))
        #expect(try await Digest.file(copy) == sums)
        let status = try #require(SystemCall.status(copy))
        #expect(status.st_mode & 0o777 == 0o640)
        #expect(try #require(DiskSpace.allocated(copy)) < 2_000_000, "holes and zeros must take no room")
    }

    @Test func cancellationRemovesTheCopy() async throws {
        let space = try Workspace()
        let source = try space.write("source", "")
        #expect(truncate(source, 40 << 30) == 0)
        let copy = space.path + "/copy"
        let task = Task {
            try await Digest.copy(from: source, to: copy, progress: { done, _ in if done > 0 { Thread.cancelled.signal() } })
        }
        await Thread.cancelled.wait()
        task.cancel()
        let error = await #expect(throws: PlatformError.self) { try await task.value }
        #expect(error?.code == .cancelled)
        #expect(!SystemCall.exists(copy))
    }

    @Test func anExistingDestinationIsNotTouched() async throws {
        let space = try Workspace()
        let source = try space.write("source", "new")
        let other = try space.write("other", "old")
        await #expect(throws: PlatformError.self) { try await Digest.copy(from: source, to: other) }
        #expect(try AtomicFile.text(other) == "old")
    }

    @Test func emptyFilesHaveSumsToo() async throws {
        let space = try Workspace()
        let sums = try await Digest.file(try space.write("empty", ""))
        #expect(
            sums
                == Digest.Sums(
                    sha1: "da39a3ee5e6b4b0d3255bfef95601890afd80709",
                    sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", bytes: 0))
    }
}

/// Lets a test wait until another thread has begun.
private enum Thread {
    static let cancelled = Gate()
    actor Gate {
        private var waiting: [CheckedContinuation<Void, Never>] = []
        private var open = false
        func wait() async {
            if open { return }
            await withCheckedContinuation { waiting.append($0) }
        }
        nonisolated func signal() { Task { await raise() } }
        private func raise() {
            open = true
            for continuation in waiting { continuation.resume() }
            waiting = []
        }
    }
}
