import AtollPlatform
import Glibc
import Synchronization

/// A pipe whose ends no process started here inherits unasked.
struct Pipe {
    let reading: Int32
    let writing: Int32

    /// Held while a pipe is made and while a process is started: pipe(2) cannot set close-on-exec itself.
    static let spawning = Mutex(())

    init() throws {
        var ends: [Int32] = [-1, -1]
        try Self.spawning.withLock { _ in
            try SystemCall.check("make a pipe") { pipe(&ends) }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        }
        (reading, writing) = (ends[0], ends[1])
    }
}
