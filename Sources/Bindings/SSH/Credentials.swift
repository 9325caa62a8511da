/// Who logs in, and with what: the keys in turn, then the password.
public struct Credentials: Sendable, Equatable {
    public var user: String
    public var keys: [KeyPair]
    public var password: String?

    public init(user: String = "root", keys: [KeyPair] = [], password: String? = nil) {
        self.user = user
        self.keys = keys
        self.password = password
    }
}

/// Which host keys are accepted.
public enum HostKeyPolicy: Sendable, Equatable {
    /// Only the keys these hosts are known by; an unknown host is refused.
    case known(KnownHosts)
    /// Any key: for guests whose keys nobody could know beforehand (`bootstrap: none`).
    case acceptAny
}
