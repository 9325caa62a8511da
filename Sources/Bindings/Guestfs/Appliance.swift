import CGuestfs
import Foundation
import Glibc
import Synchronization

/// One libguestfs appliance: created, given drives, launched, used, closed.
///
/// Every call blocks the thread it is on. `cancel` may be called from any thread at any time: the call in progress then fails
/// with `.cancelled` and nothing but `close` is left to do. Changes to disks are durable after `shutdown` or `close`, unless cancelled.
// Calls are serialised by `turn`, and the handle itself is read and cleared only under `handle`, so sharing it is safe.
package final class Appliance: @unchecked Sendable {
    /// How the appliance runs.
    package struct Options: Sendable {
        /// Whether to use software emulation although /dev/kvm exists: set it where KVM is not usable.
        package var forceTCG: Bool
        /// Memory in MiB; nil for the library's own choice.
        package var memory: Int?
        /// Virtual processors.
        package var processors: Int
        /// How long starting may take, in seconds; past it the appliance is ended.
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

    /// A handle without drives; nothing is started yet.
    package init(_ options: Options = Options()) throws(GuestfsError) {
        let library = try GuestfsLibrary.loaded()
        let create: Signature.Create = try library.function("guestfs_create_flags")
        let close: Signature.Close = try library.function("guestfs_close")
        let silence: Signature.SetErrorHandler = try library.function("guestfs_set_error_handler")
        // The environment is parsed as well, for those who set LIBGUESTFS_HV or LIBGUESTFS_DEBUG; what matters is set below.
        guard let raw = create(0) else {
            throw GuestfsError(.failed, "create a libguestfs handle", "out of memory, or a LIBGUESTFS_ variable is wrong")
        }
        // Errors are read from the handle, not printed.
        silence(raw, nil, nil)
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
        // libvirt would be asked for a session of its own; run QEMU as our own child instead.
        try run("choose the direct backend", "guestfs_set_backend", "direct")
        try run("set the appliance's directory", "guestfs_set_tmpdir", process.directory)
        // A UUID of our choice, by which the process can be found while it starts.
        try run("mark the appliance", "guestfs_config", "-uuid", process.mark)
        if options.forceTCG { try list("ask for software emulation", "guestfs_set_backend_settings", ["force_tcg"]) }
        if let memory = options.memory { try number("set the appliance's memory", "guestfs_set_memsize", Int32(clamping: memory)) }
        try number("set the appliance's processors", "guestfs_set_smp", Int32(clamping: options.processors))
        // udev starts a process for each of some hundred devices at once otherwise, which is what an emulated appliance does longest; and
        // the kernel tests ciphers that nothing here uses.
        if getenv("LIBGUESTFS_APPEND") == nil {
            try run("set the kernel's arguments", "guestfs_set_append", "udev.children_max=2 cryptomgr.notests")
        }
    }

    /// Adds a disk image. `label` gives it the further name `/dev/disk/guestfs/LABEL` in the appliance.
    /// - Parameter format: `raw` or `qcow2`, never guessed: a guest could write a header into a raw disk.
    package func add(_ path: String, format: String, readOnly: Bool = false, label: String? = nil) throws(GuestfsError) {
        let add: Signature.AddDrive = try library.function("guestfs_add_drive_opts_argv")
        let operation = "add the disk \(path)"
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

    /// Starts the appliance. Drives cannot be added afterwards.
    package func launch() throws(GuestfsError) {
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

    /// Ends whatever is going on, from any thread: the call in progress fails with `.cancelled`. Only `close` is of use afterwards.
    package func cancel() {
        process.end()
        guard let cancel: Signature.Do = try? library.function("guestfs_user_cancel") else { return }
        // Documented as safe from any thread and from signal handlers; the lock keeps `close` from freeing the handle meanwhile.
        handle.withLock { if $0 != 0 { _ = cancel(OpaquePointer(bitPattern: $0)) } }
    }

    /// Shuts the appliance down, flushing every disk, and frees everything. Calling it again does nothing.
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

    /// Shuts the appliance down and says whether every disk was flushed; `close` cannot tell.
    package func shutdown() throws(GuestfsError) { try run("flush the disks and stop the appliance", "guestfs_shutdown") }

    /// One call into the library with the live handle; what it left as its error is read before another call can replace it.
    func call<T>(_ operation: String, _ body: (OpaquePointer) -> T) throws(GuestfsError) -> (value: T, error: GuestfsError) {
        turn.lock()
        defer { turn.unlock() }
        guard let raw = OpaquePointer(bitPattern: handle.withLock { $0 }) else {
            throw GuestfsError(.closed, operation, "the appliance is closed")
        }
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
