import CLibvirt

/// An error that libvirt reported, copied out of its thread-local storage at once.
package struct LibvirtError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `virErrorNumber`; 0 when libvirt recorded none.
    package var code: Int32
    /// `virErrorDomain`: the part of libvirt that failed.
    package var domain: Int32
    /// `virErrorLevel`.
    package var level: Int32
    /// libvirt's own words.
    package var message: String
    /// What was asked, as a person would say it: "start the domain".
    package var operation: String
    /// `errno` behind a system error, else 0.
    package var systemErrno: Int32

    package init(code: Int32, domain: Int32 = 0, level: Int32 = 2, message: String, operation: String, systemErrno: Int32 = 0) {
        self.code = code
        self.domain = domain
        self.level = level
        self.message = message
        self.operation = operation
        self.systemErrno = systemErrno
    }

    /// The error of the libvirt call that just failed on this thread: read before anything else is called, and never after an `await`.
    static func last(_ operation: String) -> LibvirtError {
        guard let error = virGetLastError()?.pointee else {
            return LibvirtError(code: 0, message: "libvirt gave no reason", operation: operation)
        }
        let isSystem = error.code == number(VIR_ERR_SYSTEM_ERROR)
        return LibvirtError(
            code: error.code,
            domain: error.domain,
            level: Int32(error.level.rawValue),
            message: error.message.map { String(cString: $0) } ?? "libvirt gave no reason",
            operation: operation,
            systemErrno: isSystem ? error.int1 : 0
        )
    }

    static func number(_ code: virErrorNumber) -> Int32 { Int32(code.rawValue) }

    /// The domain, network, filter or metadata asked for does not exist.
    package var isNotFound: Bool {
        [VIR_ERR_NO_DOMAIN, VIR_ERR_NO_NETWORK, VIR_ERR_NO_NWFILTER, VIR_ERR_NO_DOMAIN_METADATA].contains { code == Self.number($0) }
    }

    /// This libvirt has no such thing: its driver is not installed.
    package var isUnsupported: Bool { code == Self.number(VIR_ERR_NO_SUPPORT) }

    /// The object is not in a state that allows this: a domain already gone, a network not active.
    package var isOperationInvalid: Bool { code == Self.number(VIR_ERR_OPERATION_INVALID) }

    /// A domain or network of this name or UUID is there already.
    package var isConflict: Bool {
        code == Self.number(VIR_ERR_DOM_EXIST) || code == Self.number(VIR_ERR_NETWORK_EXIST)
            || (message.contains("already") && (isOperationInvalid || code == Self.number(VIR_ERR_OPERATION_FAILED)))
    }

    /// The XML was refused: by its schema or by what the hypervisor can do.
    package var isInvalidXML: Bool {
        [VIR_ERR_XML_ERROR, VIR_ERR_XML_DETAIL, VIR_ERR_XML_INVALID_SCHEMA, VIR_ERR_CONFIG_UNSUPPORTED].contains { code == Self.number($0) }
    }

    /// libvirt answered that this user may not: its socket, its login or its access rules.
    package var isPermission: Bool {
        let refused = [
            VIR_ERR_AUTH_FAILED, VIR_ERR_AUTH_CANCELLED, VIR_ERR_AUTH_UNAVAILABLE, VIR_ERR_ACCESS_DENIED, VIR_ERR_OPERATION_DENIED,
        ]
        return refused.contains { code == Self.number($0) } || (isTransport && (systemErrno == 13 || systemErrno == 1))
    }

    /// The daemon is absent, refuses, or went away in the middle; a permission problem is not one of these.
    package var isConnectionFailure: Bool {
        guard !isPermission else { return false }
        return code == Self.number(VIR_ERR_NO_CONNECT) || code == Self.number(VIR_ERR_INVALID_CONN) || isTransport
    }

    /// QEMU or libvirt may not read an image: some directory on its path lets nobody through.
    package var isStorageAccess: Bool {
        domain == Int32(VIR_FROM_STORAGE.rawValue) && code == Self.number(VIR_ERR_SYSTEM_ERROR)
    }

    /// Whether the error is about talking to the daemon rather than about what was asked of it.
    private var isTransport: Bool {
        let transport = [VIR_FROM_RPC, VIR_FROM_REMOTE].contains { domain == Int32($0.rawValue) }
        return transport && [VIR_ERR_SYSTEM_ERROR, VIR_ERR_RPC, VIR_ERR_INTERNAL_ERROR].contains { code == Self.number($0) }
    }

    package var description: String { "cannot \(operation): \(message)" }
}
