/// Who logs in, and with what: the keys in turn, then the password.
package struct Credentials: Sendable, Equatable {
    package var user: String
    package var keys: [KeyPair]
    package var password: String?

    package init(user: String = "root", keys: [KeyPair] = [], password: String? = nil) {
        self.user = user
        self.keys = keys
        self.password = password
    }
}

/// Which host keys are accepted.
package enum HostKeyPolicy: Sendable, Equatable {
    /// Only the keys these hosts are known by; an unknown host is refused.
    case known(KnownHosts)
    /// Any key: for guests whose keys nobody could know beforehand (`bootstrap: none`).
    case acceptAny
}
