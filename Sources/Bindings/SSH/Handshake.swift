import CSSH2

/// Agreement on an SSH session, and the check of the host's key.
struct Handshake {
    let transport: Transport
    let endpoint: Endpoint
    let policy: HostKeyPolicy

    /// Host key algorithms libssh2 1.10 can check, best first.
    static let algorithms = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"]

    /// Returns the key the host presented, once it is accepted.
    func run(_ call: Call) throws(SSHError) -> PublicKey {
        // The kind of key the host is known by comes first, so that a host with several presents that one. The key exchange
        // methods are left alone: Debian's libssh2 keeps its marker for strict key exchange among them.
        let known: [String] =
            if case .known(let hosts) = policy { hosts.keys(of: endpoint.host, port: endpoint.port).map(\.algorithm) } else { [] }
        let order = Self.algorithms.filter { known.contains($0) } + Self.algorithms.filter { !known.contains($0) }
        libssh2_session_method_pref(transport.session, LIBSSH2_METHOD_HOSTKEY, order.joined(separator: ","))
        let code = try transport.complete("agreeing on an SSH session with \(endpoint)", call) {
            Int(libssh2_session_handshake(transport.session, transport.descriptor))
        }
        if code != 0 { throw explain() }
        var length = 0
        var kind: Int32 = 0
        guard let pointer = libssh2_session_hostkey(transport.session, &length, &kind) else {
            throw SSHError(.handshake, "\(endpoint) presented no host key")
        }
        let key = try PublicKey(blob: Array(UnsafeRawBufferPointer(start: pointer, count: length)))
        try accept(key)
        return key
    }

    private func accept(_ key: PublicKey) throws(SSHError) {
        guard case .known(let hosts) = policy else { return }
        switch hosts.check(key, host: endpoint.host, port: endpoint.port) {
        case .match: return
        case .unknown:
            throw SSHError(
                .hostKeyUnknown,
                "no host key is known for \(endpoint), so its \(key.algorithm) key \(key.fingerprint) was refused; is this the guest's address?"
            )
        case .mismatch(let expected):
            let names = expected.map { "\($0.algorithm) \($0.fingerprint)" }.joined(separator: " or ")
            throw SSHError(
                .hostKeyMismatch,
                "\(endpoint) presented the host key \(key.algorithm) \(key.fingerprint), expected \(names): another machine has this address, "
                    + "or the guest was installed again")
        }
    }

    private func explain() -> SSHError {
        let (code, words) = transport.lastError
        switch code {
        case LIBSSH2_ERROR_KEX_FAILURE, LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE, LIBSSH2_ERROR_METHOD_NONE, LIBSSH2_ERROR_HOSTKEY_INIT:
            return SSHError(
                .handshake,
                "\(endpoint) and libssh2 \(SSH.libraryVersion) have no algorithm in common; the guest needs an ed25519 or ecdsa host key and an "
                    + "aes-ctr cipher", cause: words)
        case LIBSSH2_ERROR_BANNER_RECV, LIBSSH2_ERROR_SOCKET_DISCONNECT, LIBSSH2_ERROR_SOCKET_RECV, LIBSSH2_ERROR_SOCKET_SEND:
            return SSHError(
                .handshake, "\(endpoint) accepted the connection and closed it without a word of SSH; is sshd still starting?", cause: words
            )
        default: return SSHError(.handshake, "\(endpoint) answers, but no SSH session came about", cause: words)
        }
    }
}
