import CLibvirt
import Glibc
import Synchronization

/// User name and password for SASL authentication.
package struct Credentials: Sendable, Equatable {
    package var user: String
    package var password: String

    package init(user: String, password: String) {
        self.user = user
        self.password = password
    }
}

/// A connection to one libvirt host. Domains, networks and streams obtained from it keep it open.
///
/// Unchecked because the C handle is a pointer; libvirt documents it as thread-safe, and `use` holds a
/// reference for the length of each call, so that `close` on another thread cannot free it during a call.
package final class Connection: @unchecked Sendable {
    private let raw: OpaquePointer
    private let isClosed = Mutex(false)
    let streams = EventStreams()
    /// Whether lifecycle events and console streams are available on this connection.
    package let hasEvents: Bool
    /// The URI it was opened with.
    package let uri: String

    /// Opens `uri` (`qemu:///system`, `test:///path/node.xml`, …).
    /// - Parameter events: starts the event loop of the process first; required by `lifecycleEvents` and `ConsoleStream`.
    package init(uri: String, credentials: Credentials? = nil, events: Bool = false) throws(LibvirtError) {
        Library.prepare
        if events { Library.events }
        guard let raw = Self.open(uri, credentials) else { throw LibvirtError.last("connect to libvirt at '\(uri)'") }
        self.raw = raw
        self.uri = uri
        hasEvents = events
        // Unretained: `close` unregisters the callback before `streams` is freed, and libvirt starts no call after that.
        if events { virConnectRegisterCloseCallback(raw, daemonLeft, Unmanaged.passUnretained(streams).toOpaque(), nil) }
    }

    deinit { close() }

    /// Closes the connection and its event streams. Later calls throw; domains and networks still held are freed with their handles.
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

    /// Whether the daemon answers, as far as the socket shows. False when closed.
    package var isAlive: Bool { ((try? use("check the libvirt connection") { connection in virConnectIsAlive(connection) }) ?? 0) == 1 }

    /// Version of the hypervisor (QEMU, for `qemu:`).
    package func hypervisorVersion() throws(LibvirtError) -> LibvirtVersion {
        var number: UInt = 0
        try check("read the hypervisor version") { virConnectGetVersion($0, &number) }
        return LibvirtVersion(number: number)
    }

    /// Version of the remote libvirt.
    package func libvirtVersion() throws(LibvirtError) -> LibvirtVersion {
        var number: UInt = 0
        try check("read the libvirt version") { virConnectGetLibVersion($0, &number) }
        return LibvirtVersion(number: number)
    }

    /// What the host and its hypervisor offer, as XML.
    package func capabilities() throws(LibvirtError) -> String {
        try text("read the host's capabilities") { virConnectGetCapabilities($0) }
    }

    /// Capabilities of domains of one type, as XML. nil lets libvirt choose.
    package func domainCapabilities(
        emulator: String? = nil, arch: String? = nil, machine: String? = nil, virtualizationType: String? = nil
    ) throws(LibvirtError) -> String {
        try text("read the domain capabilities") { virConnectGetDomainCapabilities($0, emulator, arch, machine, virtualizationType, 0) }
    }

    /// Host name of the remote host.
    package func hostName() throws(LibvirtError) -> String { try text("read the host name") { virConnectGetHostname($0) } }

    /// Calls `body` with a retained handle, so that `close` cannot free it meanwhile.
    func use<T>(_ operation: String, _ body: (OpaquePointer) throws(LibvirtError) -> T) throws(LibvirtError) -> T {
        let open = isClosed.withLock { closed in !closed && virConnectRef(raw) == 0 }
        guard open else {
            throw LibvirtError(
                code: LibvirtError.number(VIR_ERR_INVALID_CONN), message: "connection to '\(uri)' is closed", operation: operation)
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
        // The callback runs only inside virConnectOpenAuth, so an unretained box is enough.
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

/// Credential callback of libvirt, which frees each result with free(), hence strdup.
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
