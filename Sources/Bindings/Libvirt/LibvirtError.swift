import CLibvirt

/// An error reported by libvirt, copied from its thread-local storage.
package struct LibvirtError: Error, Sendable, Equatable, CustomStringConvertible {
    /// `virErrorNumber`; 0 if libvirt recorded no error.
    package var code: Int32
    /// `virErrorDomain`: the subsystem that failed.
    package var domain: Int32
    /// `virErrorLevel`.
    package var level: Int32
    /// libvirt's error message.
    package var message: String
    /// The failed operation in the imperative: "start domain 'vm'".
    package var operation: String
    /// `errno` of a system error, else 0.
    package var systemErrno: Int32

    package init(code: Int32, domain: Int32 = 0, level: Int32 = 2, message: String, operation: String, systemErrno: Int32 = 0) {
        self.code = code
        self.domain = domain
        self.level = level
        self.message = message
        self.operation = operation
        self.systemErrno = systemErrno
    }

    /// The error of the libvirt call that just failed on this thread. Call it before any other libvirt call and before any `await`.
    static func last(_ operation: String) -> LibvirtError {
        guard let error = virGetLastError()?.pointee else {
            return LibvirtError(code: 0, message: "no error message from libvirt", operation: operation)
        }
        let isSystem = error.code == number(VIR_ERR_SYSTEM_ERROR)
        return LibvirtError(
            code: error.code,
            domain: error.domain,
            level: Int32(error.level.rawValue),
            message: error.message.map { String(cString: $0) } ?? "no error message from libvirt",
            operation: operation,
            systemErrno: isSystem ? error.int1 : 0
        )
    }

    static func number(_ code: virErrorNumber) -> Int32 { Int32(code.rawValue) }

    /// The domain, network, filter or metadata does not exist.
    package var isNotFound: Bool {
        [VIR_ERR_NO_DOMAIN, VIR_ERR_NO_NETWORK, VIR_ERR_NO_NWFILTER, VIR_ERR_NO_DOMAIN_METADATA].contains { code == Self.number($0) }
    }

    /// The operation is unsupported: its driver is not installed.
    package var isUnsupported: Bool { code == Self.number(VIR_ERR_NO_SUPPORT) }

    /// The object's state does not allow the operation: a stopped domain, an inactive network.
    package var isOperationInvalid: Bool { code == Self.number(VIR_ERR_OPERATION_INVALID) }

    /// A domain or network with this name or UUID already exists.
    package var isConflict: Bool {
        code == Self.number(VIR_ERR_DOM_EXIST) || code == Self.number(VIR_ERR_NETWORK_EXIST)
            || (message.contains("already") && (isOperationInvalid || code == Self.number(VIR_ERR_OPERATION_FAILED)))
    }

    /// The XML was refused by the schema or by the hypervisor's capabilities.
    package var isInvalidXML: Bool {
        [VIR_ERR_XML_ERROR, VIR_ERR_XML_DETAIL, VIR_ERR_XML_INVALID_SCHEMA, VIR_ERR_CONFIG_UNSUPPORTED].contains { code == Self.number($0) }
    }

    /// Permission denied by the socket, by authentication or by the access driver.
    package var isPermission: Bool {
        let refused = [
            VIR_ERR_AUTH_FAILED, VIR_ERR_AUTH_CANCELLED, VIR_ERR_AUTH_UNAVAILABLE, VIR_ERR_ACCESS_DENIED, VIR_ERR_OPERATION_DENIED,
        ]
        return refused.contains { code == Self.number($0) } || (isTransport && (systemErrno == 13 || systemErrno == 1))
    }

    /// The daemon is not running, refuses connections, or disconnected. Permission errors are not included.
    package var isConnectionFailure: Bool {
        guard !isPermission else { return false }
        return code == Self.number(VIR_ERR_NO_CONNECT) || code == Self.number(VIR_ERR_INVALID_CONN) || isTransport
    }

    /// QEMU or libvirt cannot read an image, because a directory on its path denies search permission.
    package var isStorageAccess: Bool {
        domain == Int32(VIR_FROM_STORAGE.rawValue) && code == Self.number(VIR_ERR_SYSTEM_ERROR)
    }

    /// Whether the connection to the daemon failed, rather than the operation.
    private var isTransport: Bool {
        let transport = [VIR_FROM_RPC, VIR_FROM_REMOTE].contains { domain == Int32($0.rawValue) }
        return transport && [VIR_ERR_SYSTEM_ERROR, VIR_ERR_RPC, VIR_ERR_INTERNAL_ERROR].contains { code == Self.number($0) }
    }

    package var description: String { "cannot \(operation): \(message)" }
}
