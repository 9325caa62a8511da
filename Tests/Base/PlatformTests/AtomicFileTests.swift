import AtollPlatform
import AtollTestSupport
import Foundation
import Glibc
import Testing

@Suite struct AtomicFileTests {
    private let space: Workspace

    init() throws { space = try Workspace() }

    @Test func aPipeInAFilesPlaceIsRefusedWithoutWaiting() throws {
        let path = space.path + "/run.json"
        try #require(mkfifo(path, 0o600) == 0)
        let error = #expect(throws: PlatformError.self) { try AtomicFile.read(path) }
        #expect(error?.code == .malformed && error?.message == "\(path) is a pipe, not a file")
        // Also behind a link, and for the end of it alone.
        try SymbolicLink.make(space.path + "/link", to: path)
        #expect(throws: PlatformError.self) { try AtomicFile.text(space.path + "/link") }
        #expect(FileTail.read(path, limit: 10) == "")
    }

    @Test func devicesAndSocketsAreNoFiles() throws {
        try SymbolicLink.make(space.path + "/endless", to: "/dev/zero")
        let error = #expect(throws: PlatformError.self) { try AtomicFile.read(space.path + "/endless") }
        #expect(error?.message == "\(space.path)/endless is a device, not a file")
        #expect(throws: PlatformError.self) { try AtomicFile.read(space.path) }
    }

    @Test func whatTheKernelShowsAndWhatSomebodyNamedIsRead() throws {
        #expect(try AtomicFile.text("/proc/self/stat").hasPrefix("\(getpid()) "))
        #expect(try AtomicFile.read("/dev/null") == [])
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        // The rest comes after the first piece was read.
        let writer = Thread { [reading = ends[0], writing = ends[1]] in
            for word in ["from ", "a pipe"] {
                write(writing, word, word.utf8.count)
                var look = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
                while poll(&look, 1, 0) == 1 { sched_yield() }
            }
            close(writing)
        }
        writer.start()
        #expect(try AtomicFile.text("/dev/fd/\(ends[0])") == "from a pipe")
    }

    @Test func whatIsWrittenIsReadBackWhole() throws {
        let path = space.path + "/file"
        try AtomicFile.write("one", to: path, mode: 0o600)
        try AtomicFile.write("two", to: path)
        #expect(try AtomicFile.text(path) == "two")
        #expect(SystemCall.status(path).map { $0.st_mode & 0o777 } == 0o644)
        let error = #expect(throws: PlatformError.self) { try AtomicFile.read(path, limit: 2) }
        #expect(error?.message == "\(path) is larger than 2 bytes")
    }
}
