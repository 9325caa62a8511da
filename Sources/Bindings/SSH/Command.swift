/// What to run on the host.
package struct Command: Sendable, Equatable {
    /// Line for the user's shell there; nil for an interactive login shell.
    package var line: String?
    /// A terminal for it, when a person looks at it.
    package var terminal: TerminalRequest?
    /// Errors come as standard output, in the order they were written. Otherwise the order holds within each stream only.
    package var mergesErrors: Bool

    package init(_ line: String?, terminal: TerminalRequest? = nil, mergesErrors: Bool = false) {
        self.line = line
        self.terminal = terminal
        self.mergesErrors = mergesErrors
    }
}

/// A pseudo-terminal on the host.
package struct TerminalRequest: Sendable, Equatable {
    /// Its kind, as in TERM.
    package var kind: String
    package var size: WindowSize

    package init(kind: String, size: WindowSize) {
        self.kind = kind
        self.size = size
    }
}

/// A terminal's size in characters.
package struct WindowSize: Sendable, Equatable {
    package var columns: Int32
    package var rows: Int32

    package init(columns: Int32, rows: Int32) {
        self.columns = columns
        self.rows = rows
    }
}

/// Where a command's standard input comes from.
package enum Input: Sendable, Equatable {
    /// End of file at once.
    case none
    case bytes([UInt8])
    /// Read as the command takes it, until its end; not closed.
    case descriptor(Int32)
}

/// One of the two streams a command writes to.
package enum OutputChannel: Sendable, Equatable {
    case standardOutput, standardError
}

/// Takes output as it comes, on the session's own queue. While it blocks, the host waits; when it throws, the command is given up.
package typealias OutputHandler = @Sendable (OutputChannel, [UInt8]) throws -> Void

/// How a command ended.
package enum Exit: Sendable, Equatable {
    case status(Int32)
    /// Name of the signal that ended it, without SIG: "KILL".
    case signal(String)

    /// The exit code a shell would show: the status, or 128 + the signal's number.
    package var code: Int32 {
        switch self {
        case .status(let status): status
        case .signal(let name): 128 + (Self.numbers[name] ?? 0)
        }
    }

    /// The signals RFC 4254 names, by their Linux numbers.
    private static let numbers: [String: Int32] = [
        "HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "BUS": 7, "FPE": 8, "KILL": 9, "USR1": 10, "SEGV": 11, "USR2": 12,
        "PIPE": 13, "ALRM": 14, "TERM": 15,
    ]
}
