import CSSH2

/// Authentication: every key in turn, then the password.
struct Login {
    let transport: Transport
    let credentials: Credentials

    func run(_ call: Call) throws(SSHError) {
        guard let offered = try methods(call) else { return }
        var refused: [String] = []
        var cause: String?
        for key in credentials.keys where offered.contains("publickey") {
            if try attempt(call, { self.offer(key) }) { return }
            refused.append("the key \(key.publicKey.algorithm) \(key.fingerprint)")
            cause = transport.lastError.words
        }
        if let password = credentials.password, offered.contains("password") {
            if try attempt(call, { self.offer(password) }) { return }
            refused.append("the password")
            cause = transport.lastError.words
        }
        throw SSHError(.authentication, explanation(offered, refused), cause: cause)
    }

    /// What the host accepts, or nil when it wants no proof at all.
    private func methods(_ call: Call) throws(SSHError) -> [String]? {
        var list: UnsafeMutablePointer<CChar>?
        let user = credentials.user
        _ = try transport.complete("asking how to log in", call) {
            list = libssh2_userauth_list(transport.session, user, UInt32(user.utf8.count))
            return list == nil && libssh2_session_last_errno(transport.session) == LIBSSH2_ERROR_EAGAIN ? Int(LIBSSH2_ERROR_EAGAIN) : 0
        }
        if let list { return String(cString: list).split(separator: ",").map(String.init) }
        if libssh2_userauth_authenticated(transport.session) != 0 { return nil }
        throw transport.failure(.authentication, "\(transport.peer): the host does not say how to log in")
    }

    private func attempt(_ call: Call, _ operation: () -> Int32) throws(SSHError) -> Bool {
        let code = try transport.complete("logging in", call) { Int(operation()) }
        if code == 0 { return true }
        // A host that closes the connection after too many attempts will not answer the next one either.
        let failure = transport.failure(.authentication, "")
        if failure.code == .disconnected { throw failure }
        return false
    }

    private func offer(_ key: KeyPair) -> Int32 {
        let text = key.privateText
        // Without a public half libssh2 derives it from the private one.
        return libssh2_userauth_publickey_frommemory(
            transport.session, credentials.user, credentials.user.utf8.count, nil, 0, text, text.utf8.count, nil)
    }

    private func offer(_ password: String) -> Int32 {
        libssh2_userauth_password_ex(
            transport.session, credentials.user, UInt32(credentials.user.utf8.count), password, UInt32(password.utf8.count), nil)
    }

    private func explanation(_ offered: [String], _ refused: [String]) -> String {
        var text = "\(transport.peer): login refused; the host accepts \(offered.joined(separator: ", "))"
        text += refused.isEmpty ? ", and there was nothing of that kind to offer" : " and refused \(refused.joined(separator: " and "))"
        if credentials.keys.contains(where: { $0.publicKey.algorithm == "ssh-rsa" }) {
            text +=
                "; libssh2 \(SSH.libraryVersion) signs with RSA keys by SHA-1 only, which OpenSSH 8.8 and later refuse: use an ed25519 key"
        }
        return text
    }
}
