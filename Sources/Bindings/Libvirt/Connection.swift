import CLibvirt
import Glibc
import Synchronization

/// User and password for a daemon that asks for them (SASL).
package struct Credentials: Sendable, Equatable {
    package var user: String
    package var password: String

    package init(user: String, password: String) {
        self.user = user
        self.password = password
    }
}

/// A connection to one libvirt host. Domains, networks and streams found through it keep it alive.
///
/// Unchecked because the C handle is a pointer; libvirt documents it as safe to use from several threads at once, and `use` holds a
/// reference for the length of each call, so that `close` on another thread cannot free it under a call.
package final class Connection: @unchecked Sendable {
    private let raw: OpaquePointer
    private let isClosed = Mutex(false)
    let streams = EventStreams()
    /// Whether lifecycle events and consoles work on this connection.
    package let hasEvents: Bool
    /// The URI this was opened with.
    package let uri: String

    /// Opens `uri` (`qemu:///system`, `test:///path/node.xml`, …).
    /// - Parameter events: starts the process's event loop first, which `lifecycleEvents` and `ConsoleStream` need.
    package init(uri: String, credentials: Credentials? = nil, events: Bool = false) throws(LibvirtError) {
        Library.prepare
        if events { Library.events }
        guard let raw = Self.open(uri, credentials) else { throw LibvirtError.last("connect to libvirt at \(uri)") }
        self.raw = raw
        self.uri = uri
        hasEvents = events
        // Borrowed: `close` unregisters before `streams` can go, and libvirt lets no call of it run on after that.
        if events { virConnectRegisterCloseCallback(raw, daemonLeft, Unmanaged.passUnretained(streams).toOpaque(), nil) }
    }

    deinit { close() }

    /// Ends the connection and its event streams. Calls after it throw; domains and networks still held go on until freed.
    package func close() {
        let first = isClosed.withLock { closed in
            defer { closed = true }
            return !closed
        }
        guard first else { return }
        if hasEvents { virConnectUnregisterCloseCallback(raw, daemonLeft) }
        streams.finish()
        virConnectClose(raw)
    }

    /// Whether the daemon still answers, as far as the socket tells.
    package var isAlive: Bool { ((try? use("ask whether libvirt lives") { connection in virConnectIsAlive(connection) }) ?? 0) == 1 }

    /// The hypervisor's version (QEMU's, for `qemu:`).
    package func hypervisorVersion() throws(LibvirtError) -> LibvirtVersion {
        var number: UInt = 0
        try check("ask for the hypervisor's version") { virConnectGetVersion($0, &number) }
        return LibvirtVersion(number: number)
    }

    /// The version of libvirt at the other end.
    package func libvirtVersion() throws(LibvirtError) -> LibvirtVersion {
        var number: UInt = 0
        try check("ask for libvirt's version") { virConnectGetLibVersion($0, &number) }
        return LibvirtVersion(number: number)
    }

    /// What the host and its hypervisor offer, as XML.
    package func capabilities() throws(LibvirtError) -> String {
        try text("read the host's capabilities") { virConnectGetCapabilities($0) }
    }

    /// What domains of one kind may hold, as XML. nil leaves the choice to libvirt.
    package func domainCapabilities(
        emulator: String? = nil, arch: String? = nil, machine: String? = nil, virtualizationType: String? = nil
    ) throws(LibvirtError) -> String {
        try text("read the domain capabilities") { virConnectGetDomainCapabilities($0, emulator, arch, machine, virtualizationType, 0) }
    }

    /// The name of the host at the other end.
    package func hostName() throws(LibvirtError) -> String { try text("ask for the host's name") { virConnectGetHostname($0) } }

    /// Runs one call with a reference of its own, so that the handle outlives it.
    func use<T>(_ operation: String, _ body: (OpaquePointer) throws(LibvirtError) -> T) throws(LibvirtError) -> T {
        let open = isClosed.withLock { closed in !closed && virConnectRef(raw) == 0 }
        guard open else {
            throw LibvirtError(
                code: LibvirtError.number(VIR_ERR_INVALID_CONN), message: "the connection to \(uri) is closed", operation: operation)
        }
        defer { virConnectClose(raw) }
        return try body(raw)
    }

    func check(_ operation: String, _ call: (OpaquePointer) -> Int32) throws(LibvirtError) {
        try use(operation) { connection throws(LibvirtError) in
            if call(connection) < 0 { throw LibvirtError.last(operation) }
        }
    }

    func text(_ operation: String, _ call: (OpaquePointer) -> UnsafeMutablePointer<CChar>?) throws(LibvirtError) -> String {
        try use(operation) { connection throws(LibvirtError) in
            guard let text = call(connection) else { throw LibvirtError.last(operation) }
            return Library.take(text)
        }
    }

    private static func open(_ uri: String, _ credentials: Credentials?) -> OpaquePointer? {
        guard let credentials else { return virConnectOpen(uri) }
        var kinds = [VIR_CRED_AUTHNAME, VIR_CRED_USERNAME, VIR_CRED_PASSPHRASE].map { Int32($0.rawValue) }
        // The callback is called only during virConnectOpenAuth, so a borrowed box is enough.
        let box = CredentialsBox(credentials)
        return withExtendedLifetime(box) {
            kinds.withUnsafeMutableBufferPointer { kinds in
                var auth = virConnectAuth(
                    credtype: kinds.baseAddress, ncredtype: UInt32(kinds.count), cb: answer,
                    cbdata: Unmanaged.passUnretained(box).toOpaque())
                return virConnectOpenAuth(uri, &auth, 0)
            }
        }
    }
}

private final class CredentialsBox: Sendable {
    let credentials: Credentials
    init(_ credentials: Credentials) { self.credentials = credentials }
}

/// libvirt's question for credentials. It frees each result with free(), hence strdup.
private func answer(_ asked: virConnectCredentialPtr?, _ count: UInt32, _ data: UnsafeMutableRawPointer?) -> Int32 {
    guard let asked, let data else { return -1 }
    let credentials = Unmanaged<CredentialsBox>.fromOpaque(data).takeUnretainedValue().credentials
    for index in 0..<Int(count) {
        let isPassword = asked[index].type == Int32(VIR_CRED_PASSPHRASE.rawValue)
        let text = isPassword ? credentials.password : credentials.user
        asked[index].result = strdup(text)
        asked[index].resultlen = UInt32(text.utf8.count)
    }
    return 0
}
