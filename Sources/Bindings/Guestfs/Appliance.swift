import CGuestfs
import Foundation
import Glibc
import Synchronization

/// One libguestfs appliance: created, given drives, launched, used, closed.
///
/// Every call blocks its thread. `cancel` may be called from any thread at any time: the call in progress then throws
/// `.cancelled`, and only `close` is valid afterwards. Disk writes are durable after `shutdown` or `close`, unless cancelled.
// Calls are serialised by `turn`, and the handle is read and cleared only under `handle`, so sharing the object is safe.
package final class Appliance: @unchecked Sendable {
    /// Settings of an appliance.
    package struct Options: Sendable {
        /// Whether to use software emulation even if /dev/kvm exists, for hosts where KVM is not usable.
        package var forceTCG: Bool
        /// Memory in MiB; nil for the library's default.
        package var memory: Int?
        /// Number of vCPUs.
        package var processors: Int
        /// Timeout of the start in seconds, after which the appliance is killed.
        package var launchDeadline: Double

        package init(forceTCG: Bool = false, memory: Int? = nil, processors: Int = 1, launchDeadline: Double = 300) {
            self.forceTCG = forceTCG
            self.memory = memory
            self.processors = processors
            self.launchDeadline = launchDeadline
        }
    }

    let library: GuestfsLibrary
    private let log: ApplianceLog
    private let options: Options
    private let handle: Mutex<UInt>
    private let turn = NSLock()
    private let process: ApplianceProcess
    private let subscription: Unmanaged<ApplianceLog>

    /// Creates a handle without drives. Starts nothing.
    package init(_ options: Options = Options()) throws(GuestfsError) {
        let library = try GuestfsLibrary.loaded()
        let create: Signature.Create = try library.function("guestfs_create_flags")
        let close: Signature.Close = try library.function("guestfs_close")
        // The environment is parsed as well, for those who set LIBGUESTFS_HV or LIBGUESTFS_DEBUG; what matters is set below.
        guard let raw = create(0) else {
            throw GuestfsError(.failed, "create a libguestfs handle", "out of memory or invalid LIBGUESTFS_ variable")
        }
        let log = ApplianceLog()
        let process: ApplianceProcess
        do throws(GuestfsError) {
            subscription = try log.attach(to: raw, of: library)
            process = try ApplianceProcess()
        } catch {
            close(raw)
            throw error
        }
        self.library = library
        self.options = options
        self.log = log
        self.process = process
        handle = Mutex(UInt(bitPattern: raw))
        do throws(GuestfsError) { try configure() } catch {
            self.close()
            throw error
        }
    }

    deinit { close() }

    private func configure() throws(GuestfsError) {
        // The direct backend runs QEMU as a child process; the libvirt backend would need a session daemon.
        try run("choose the direct backend", "guestfs_set_backend", "direct")
        try run("set the appliance's directory", "guestfs_set_tmpdir", process.directory)
        // Our own UUID identifies the QEMU process while it starts.
        try run("set the appliance's UUID", "guestfs_config", "-uuid", process.mark)
        if options.forceTCG { try list("select software emulation", "guestfs_set_backend_settings", ["force_tcg"]) }
        if let memory = options.memory { try number("set the appliance's memory", "guestfs_set_memsize", Int32(clamping: memory)) }
        try number("set the appliance's processors", "guestfs_set_smp", Int32(clamping: options.processors))
        // By default udev starts a process for each of about a hundred devices at once, the longest part of an emulated start; and
        // the kernel runs self-tests of ciphers that are not used.
        if getenv("LIBGUESTFS_APPEND") == nil {
            try run("set the kernel's arguments", "guestfs_set_append", "udev.children_max=2 cryptomgr.notests")
        }
    }

    /// Adds a disk image. `label` adds the device name `/dev/disk/guestfs/LABEL` in the appliance.
    /// - Parameter format: `raw` or `qcow2`; never probed, because a guest could write a qcow2 header into a raw disk.
    package func add(_ path: String, format: String, readOnly: Bool = false, label: String? = nil) throws(GuestfsError) {
        let add: Signature.AddDrive = try library.function("guestfs_add_drive_opts_argv")
        let operation = "add disk '\(path)'"
        let result = try call(operation) { handle in
            format.withCString { format in
                (label ?? "").withCString { name in
                    var argument = guestfs_add_drive_opts_argv()
                    argument.bitmask = 1 << UInt64(GUESTFS_ADD_DRIVE_OPTS_FORMAT) | 1 << UInt64(GUESTFS_ADD_DRIVE_OPTS_READONLY)
                    argument.format = format
                    argument.readonly = readOnly ? 1 : 0
                    if label != nil {
                        argument.bitmask |= 1 << UInt64(GUESTFS_ADD_DRIVE_OPTS_LABEL)
                        argument.label = name
                    }
                    return add(handle, path, &argument) == 0
                }
            }
        }
        if !result.value {
            throw GuestfsError(.drive, operation, result.error.reason, errno: result.error.errno)
        }
    }

    /// Descriptors that libguestfs opens for one appliance, generously counted.
    private static let descriptorsNeeded: Int32 = 64

    /// Refuses to start when the process has so many open files that libguestfs would abort it: it passes its descriptors to select(2),
    /// whose limit is 1,024.
    /// - Parameter next: the descriptor that the next `open` returns, or a negative number if it fails.
    static func checkDescriptors(next: Int32) throws(GuestfsError) {
        guard next < 0 || next + descriptorsNeeded > 1024 else { return }
        throw GuestfsError(.launch, "start the appliance", "this process has too many open files (libguestfs supports 1,024)")
    }

    /// Starts the appliance. Drives cannot be added afterwards.
    package func launch() throws(GuestfsError) {
        let next = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
        if next >= 0 { Glibc.close(next) }
        try Self.checkDescriptors(next: next)
        let launch: Signature.Do = try library.function("guestfs_launch")
        let watchdog = DispatchSource.makeTimerSource(queue: .global())
        let expired = Mutex(false)
        watchdog.schedule(deadline: .now() + options.launchDeadline)
        watchdog.setEventHandler { [process] in
            expired.withLock { $0 = true }
            process.end()
        }
        watchdog.resume()
        defer { watchdog.cancel() }
        let result = try call("start the appliance") { launch($0) == 0 }
        if result.value { return }
        if process.isEnded, !expired.withLock({ $0 }) { throw GuestfsError(.cancelled, "start the libguestfs appliance", "cancelled") }
        let late = expired.withLock { $0 } ? "it did not answer within \(Int(options.launchDeadline)) seconds" : nil
        throw GuestfsError(
            .launch, "start the appliance", late ?? result.error.reason, errno: result.error.errno, log: Array(log.tail.suffix(8)))
    }

    /// Cancels the call in progress, from any thread; it throws `.cancelled`. Only `close` is valid afterwards.
    package func cancel() {
        process.end()
        guard let cancel: Signature.Do = try? library.function("guestfs_user_cancel") else { return }
        // Documented as safe from any thread and from signal handlers; the lock keeps `close` from freeing the handle.
        handle.withLock { if $0 != 0 { _ = cancel(OpaquePointer(bitPattern: $0)) } }
    }

    /// Shuts the appliance down, flushes every disk and frees the handle. No-op if closed.
    package func close() {
        turn.lock()
        defer { turn.unlock() }
        let address = handle.withLock { value in
            defer { value = 0 }
            return value
        }
        guard let raw = OpaquePointer(bitPattern: address) else { return }
        if let close: Signature.Close = try? library.function("guestfs_close") { close(raw) }
        subscription.release()
        process.removeDirectory()
    }

    /// Shuts the appliance down and throws if a disk was not flushed, which `close` cannot report.
    package func shutdown() throws(GuestfsError) { try run("flush the disks and stop the appliance", "guestfs_shutdown") }

    /// Makes one library call with the open handle and reads its error before another call can replace it.
    func call<T>(_ operation: String, _ body: (OpaquePointer) -> T) throws(GuestfsError) -> (value: T, error: GuestfsError) {
        turn.lock()
        defer { turn.unlock() }
        guard let raw = OpaquePointer(bitPattern: handle.withLock { $0 }) else {
            throw GuestfsError(.closed, operation, "appliance is closed")
        }
        // Errors are read from the handle, not printed. libguestfs keeps a handler for each thread.
        let silence: Signature.SetErrorHandler = try library.function("guestfs_set_error_handler")
        silence(raw, nil, nil)
        let value = body(raw)
        let text: Signature.LastError = try library.function("guestfs_last_error")
        let number: Signature.Do = try library.function("guestfs_last_errno")
        let reason = text(raw).map { String(cString: $0) } ?? "unknown error"
        let code: GuestfsError.Code
        let errno = number(raw)
        switch errno {
        case _ where process.isEnded: code = .cancelled
        case ENOENT, ENOTDIR: code = .notFound
        case ENOSPC, EDQUOT: code = .noSpace
        default: code = .failed
        }
        return (value, GuestfsError(code, operation, reason, errno: errno))
    }
}
