import CLibvirt

/// A domain (virtual machine) of a libvirt host. It can disappear at any time: every call may throw an error that `isNotFound`.
///
/// Unchecked because the C handle is a pointer; libvirt documents it as thread-safe, and it is freed only in deinit. The
/// handle is a reference to the domain and needs no `close`.
package final class Domain: @unchecked Sendable {
    let raw: OpaquePointer
    /// Connection of the handle; retained so that it is closed after the domain is freed.
    package let connection: Connection
    /// Name, unique on the host.
    package let name: String

    init(owning raw: OpaquePointer, connection: Connection) {
        self.raw = raw
        self.connection = connection
        name = virDomainGetName(raw).map { String(cString: $0) } ?? ""
    }

    deinit { virDomainFree(raw) }

    /// The UUID, lower case with dashes.
    package func uuid() throws(LibvirtError) -> String {
        guard let uuid = Library.uuid({ virDomainGetUUIDString(raw, $0) }) else {
            throw LibvirtError.last("read the UUID of domain '\(name)'")
        }
        return uuid
    }

    /// State, and libvirt's reason code (`virDomain…Reason`, by state).
    package func state() throws(LibvirtError) -> (state: DomainState, reason: Int32) {
        var number: Int32 = 0
        var reason: Int32 = 0
        try check("read the state of", virDomainGetState(raw, &number, &reason, 0))
        return (DomainState(number: number), reason)
    }

    /// Definition as XML: of the running domain, or of its next start if `inactive`.
    package func xml(inactive: Bool = false) throws(LibvirtError) -> String {
        try text("read the definition of", virDomainGetXMLDesc(raw, inactive ? VIR_DOMAIN_XML_INACTIVE.rawValue : 0))
    }

    /// Whether the domain is active (running or paused).
    package func isActive() throws(LibvirtError) -> Bool {
        let answer = virDomainIsActive(raw)
        try check("query", answer)
        return answer == 1
    }

    /// Metadata element of one namespace, as XML without libvirt's prefix. - Throws: an error that `isNotFound` if there is none.
    package func metadata(namespace: String) throws(LibvirtError) -> String {
        try text("read the metadata of", virDomainGetMetadata(raw, Int32(VIR_DOMAIN_METADATA_ELEMENT.rawValue), namespace, 0))
    }

    /// Starts a defined domain.
    package func create(_ flags: DomainStart = []) throws(LibvirtError) {
        try check("start", virDomainCreateWithFlags(raw, flags.rawValue))
    }

    /// Removes a persistent definition.
    package func undefine() throws(LibvirtError) { try check("undefine", virDomainUndefine(raw)) }

    /// Stops the domain without a guest shutdown. `graceful` waits for QEMU to flush and exit, and throws if it does not.
    package func destroy(graceful: Bool = false) throws(LibvirtError) {
        try check("stop", virDomainDestroyFlags(raw, graceful ? VIR_DOMAIN_DESTROY_GRACEFUL.rawValue : 0))
    }

    /// Requests a guest shutdown, by `way` or by libvirt's default; returns immediately.
    package func shutdown(by way: ShutdownWay? = nil) throws(LibvirtError) {
        try check("shut down", virDomainShutdownFlags(raw, way?.rawValue ?? 0))
    }

    /// Requests a guest reboot; returns immediately.
    package func reboot(by way: ShutdownWay? = nil) throws(LibvirtError) { try check("reboot", virDomainReboot(raw, way?.rawValue ?? 0)) }

    /// Pauses the vCPUs.
    package func suspend() throws(LibvirtError) { try check("pause", virDomainSuspend(raw)) }

    /// Resumes the vCPUs.
    package func resume() throws(LibvirtError) { try check("resume", virDomainResume(raw)) }

    /// Connects `stream` to the console. `force` disconnects another client; without it, a connected client is an error.
    package func openConsole(_ stream: ConsoleStream, force: Bool = false) throws(LibvirtError) {
        try check("open the console of", virDomainOpenConsole(raw, nil, stream.raw, force ? VIR_DOMAIN_CONSOLE_FORCE.rawValue : 0))
    }

    func check(_ verb: String, _ result: Int32) throws(LibvirtError) {
        if result < 0 { throw LibvirtError.last("\(verb) the domain \(name)") }
    }

    private func text(_ verb: String, _ result: UnsafeMutablePointer<CChar>?) throws(LibvirtError) -> String {
        guard let result else { throw LibvirtError.last("\(verb) domain '\(name)'") }
        return Library.take(result)
    }
}

/// Method of a shutdown or reboot request.
package enum ShutdownWay: Sendable {
    case powerButton, guestAgent

    var rawValue: UInt32 {
        switch self {
        case .powerButton: VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN.rawValue
        case .guestAgent: VIR_DOMAIN_SHUTDOWN_GUEST_AGENT.rawValue
        }
    }
}

/// State of a domain; the raw value is the displayed text.
package enum DomainState: String, Sendable, CustomStringConvertible {
    case noState = "no state"
    case running
    case blocked
    case paused
    case shuttingDown = "begin shut down"
    case shutOff = "shut off"
    case crashed
    case suspended
    case unknown

    private static let numbered: [DomainState] = [.noState, .running, .blocked, .paused, .shuttingDown, .shutOff, .crashed, .suspended]

    /// State for a `virDomainState` number; `unknown` for numbers of a newer libvirt.
    package init(number: Int32) {
        self = Self.numbered.indices.contains(Int(number)) ? Self.numbered[Int(number)] : .unknown
    }

    package var description: String { rawValue }
}
