import Glibc

/// An exclusive `flock` on a file. The kernel drops it when the holder dies, however it dies, so a stale lock cannot exist.
///
/// The file's text says who holds it (`pid`, verb, since): it is a message to people, never evidence.
package final class FileLock: Sendable {
    /// Path of the lock file. It is created when absent and stays.
    package let path: String
    private let descriptor: Int32

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Takes the lock if it is free now; nil when another open file description holds it. `note` is written for people to read.
    /// - Parameter makes: whether the file is made when absent; else its absence throws, with `errno` ENOENT.
    package static func attempt(_ path: String, note: String = "", mode: UInt32 = 0o660, makes: Bool = true) throws -> FileLock? {
        let descriptor = try openFile(path, mode: mode, makes: makes)
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EINTR { continue }
            let code = errno
            close(descriptor)
            if code == EWOULDBLOCK { return nil }
            throw SystemCall.failure("lock \(path)", errno: code)
        }
        let lock = FileLock(path: path, descriptor: descriptor)
        // A holder that removed the file while we waited left us a lock on a name nobody else can find: start over.
        guard lock.isInPlace else { return try attempt(path, note: note, mode: mode, makes: makes) }
        lock.annotate(note)
        return lock
    }

    private var isInPlace: Bool {
        var mine = stat()
        guard fstat(descriptor, &mine) == 0, let there = SystemCall.status(path) else { return false }
        return mine.st_ino == there.st_ino && mine.st_dev == there.st_dev
    }

    /// Takes the lock, waiting up to `patience`. `waiting` is called once, with the holder's note, when it has to wait.
    /// - Throws: `.locked`, naming the holder, when the time is over; `.cancelled` when the task is cancelled.
    package static func acquire(
        _ path: String, note: String = "", patience: Duration, mode: UInt32 = 0o660, waiting: (@Sendable (String) -> Void)? = nil
    ) async throws -> FileLock {
        let deadline = ContinuousClock.now + patience
        var told = false
        while true {
            if let lock = try attempt(path, note: note, mode: mode) { return lock }
            let holder = FileLock.holder(path)
            if ContinuousClock.now >= deadline {
                throw PlatformError(.locked, "\(path) is locked by \(holder.isEmpty ? "another process" : holder)")
            }
            if !told { waiting?(holder) }
            told = true
            do { try await Task.sleep(for: .milliseconds(50)) } catch {
                throw PlatformError(.cancelled, "interrupted while waiting for \(path)")
            }
        }
    }

    /// What the present or last holder wrote about itself.
    package static func holder(_ path: String) -> String {
        let text = (try? AtomicFile.text(path, limit: 4096)) ?? ""
        return text.split(separator: "\n").first.map(String.init) ?? ""
    }

    /// Gives the lock up now; the object must not be used afterwards. Without it the lock ends with the object.
    package func release() {
        ftruncate(descriptor, 0)
        flock(descriptor, LOCK_UN)
    }

    /// Opens the lock file, making it when absent. Only its maker sets its mode (the umask would cut it); a file of another user of the
    /// group is never changed, and one that may only be read still locks.
    private static func openFile(_ path: String, mode: UInt32, makes: Bool) throws -> Int32 {
        if makes {
            let made = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode)
            if made >= 0 {
                fchmod(made, mode)
                return made
            }
            guard errno == EEXIST else { throw SystemCall.failure("make the lock \(path)") }
        }
        let writable = open(path, O_RDWR | (makes ? O_CREAT : 0) | O_CLOEXEC, mode)
        if writable >= 0 { return writable }
        return try SystemCall.check("open the lock \(path)") { open(path, O_RDONLY | O_CLOEXEC) }
    }

    /// Removes the lock file, then gives the lock up: for locks of things that are gone.
    package func releaseAndRemove() {
        unlink(path)
        release()
    }

    private func annotate(_ note: String) {
        ftruncate(descriptor, 0)
        let bytes = Array((note + "\n").utf8)
        _ = pwrite(descriptor, bytes, bytes.count, 0)
    }
}
