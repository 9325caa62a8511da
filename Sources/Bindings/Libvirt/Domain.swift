import CLibvirt

/// A domain (virtual machine) of a libvirt host. It may end at any time: every call may throw an error that `isNotFound`.
///
/// Unchecked because the C handle is a pointer; libvirt documents it as safe from several threads, and it is freed only in deinit. There
/// is nothing to close: the handle is a reference, not the machine.
package final class Domain: @unchecked Sendable {
    let raw: OpaquePointer
    /// The connection it was found through; held so that it is closed after the domain is freed.
    package let connection: Connection
    /// The name, unique on the host.
    package let name: String

    init(owning raw: OpaquePointer, connection: Connection) {
        self.raw = raw
        self.connection = connection
        name = virDomainGetName(raw).map { String(cString: $0) } ?? ""
    }

    deinit { virDomainFree(raw) }

    /// The UUID, lower case with dashes.
    package func uuid() throws(LibvirtError) -> String {
        guard let uuid = Library.uuid({ virDomainGetUUIDString(raw, $0) }) else { throw LibvirtError.last("read the UUID of \(name)") }
        return uuid
    }

    /// The state and libvirt's number for its reason (`virDomain…Reason`, by state).
    package func state() throws(LibvirtError) -> (state: DomainState, reason: Int32) {
        var number: Int32 = 0
        var reason: Int32 = 0
        try check("read the state of", virDomainGetState(raw, &number, &reason, 0))
        return (DomainState(number: number), reason)
    }

    /// The definition as XML; of the running machine, or with `inactive` of its next start.
    package func xml(inactive: Bool = false) throws(LibvirtError) -> String {
        try text("read the definition of", virDomainGetXMLDesc(raw, inactive ? VIR_DOMAIN_XML_INACTIVE.rawValue : 0))
    }

    /// Whether it runs (paused counts).
    package func isActive() throws(LibvirtError) -> Bool {
        let answer = virDomainIsActive(raw)
        try check("ask for", answer)
        return answer == 1
    }

    /// The metadata element of one namespace, as XML without libvirt's prefix. - Throws: an error that `isNotFound` when there is none.
    package func metadata(namespace: String) throws(LibvirtError) -> String {
        try text("read the metadata of", virDomainGetMetadata(raw, Int32(VIR_DOMAIN_METADATA_ELEMENT.rawValue), namespace, 0))
    }

    /// Starts a defined domain.
    package func create(_ flags: DomainStart = []) throws(LibvirtError) {
        try check("start", virDomainCreateWithFlags(raw, flags.rawValue))
    }

    /// Forgets a defined domain.
    package func undefine() throws(LibvirtError) { try check("undefine", virDomainUndefine(raw)) }

    /// Cuts the power. `graceful` asks QEMU to flush and end by itself and fails if it does not.
    package func destroy(graceful: Bool = false) throws(LibvirtError) {
        try check("stop", virDomainDestroyFlags(raw, graceful ? VIR_DOMAIN_DESTROY_GRACEFUL.rawValue : 0))
    }

    /// Asks the guest to shut down, by the way given or by whichever libvirt thinks best; returns at once.
    package func shutdown(by way: ShutdownWay? = nil) throws(LibvirtError) {
        try check("shut down", virDomainShutdownFlags(raw, way?.rawValue ?? 0))
    }

    /// Asks the guest to reboot; returns at once.
    package func reboot(by way: ShutdownWay? = nil) throws(LibvirtError) { try check("reboot", virDomainReboot(raw, way?.rawValue ?? 0)) }

    /// Stops the processors.
    package func suspend() throws(LibvirtError) { try check("pause", virDomainSuspend(raw)) }

    /// Lets the processors run on.
    package func resume() throws(LibvirtError) { try check("resume", virDomainResume(raw)) }

    /// Connects `stream` to the console. With `force`, whoever is connected is cut off; otherwise that is an error.
    package func openConsole(_ stream: ConsoleStream, force: Bool = false) throws(LibvirtError) {
        try check("open the console of", virDomainOpenConsole(raw, nil, stream.raw, force ? VIR_DOMAIN_CONSOLE_FORCE.rawValue : 0))
    }

    func check(_ verb: String, _ result: Int32) throws(LibvirtError) {
        if result < 0 { throw LibvirtError.last("\(verb) the domain \(name)") }
    }

    private func text(_ verb: String, _ result: UnsafeMutablePointer<CChar>?) throws(LibvirtError) -> String {
        guard let result else { throw LibvirtError.last("\(verb) the domain \(name)") }
        return Library.take(result)
    }
}

/// How a guest is told to shut down or reboot.
package enum ShutdownWay: Sendable {
    case powerButton, guestAgent

    var rawValue: UInt32 {
        switch self {
        case .powerButton: VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN.rawValue
        case .guestAgent: VIR_DOMAIN_SHUTDOWN_GUEST_AGENT.rawValue
        }
    }
}

/// The state of a domain; its raw value is the text people see.
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

    /// From `virDomainState`; a number of a newer libvirt is `unknown`.
    package init(number: Int32) {
        self = Self.numbered.indices.contains(Int(number)) ? Self.numbered[Int(number)] : .unknown
    }

    package var description: String { rawValue }
}
