/// What a command reads.
package enum CommandInput: Sendable, Equatable {
    case none
    case bytes([UInt8])
    /// An open descriptor, read to its end and not closed.
    case descriptor(Int32)
}

/// One of the two streams a command writes to.
package enum CommandStream: Sendable, Equatable {
    case output, errors
}

/// Takes a command's output as it comes. While it blocks, the guest waits; when it throws, the command is given up.
package typealias CommandOutput = @Sendable (CommandStream, [UInt8]) throws -> Void

/// How a command in the guest ended.
package struct CommandResult: Sendable, Equatable {
    /// The exit code a shell would show: the status, or 128 + the signal's number.
    package var code: Int32
    /// Name of the signal that ended it, without SIG.
    package var signal: String?

    package init(code: Int32, signal: String? = nil) {
        self.code = code
        self.signal = signal
    }

    package var succeeded: Bool { code == 0 && signal == nil }
}

/// The descriptors `attach` works on.
package struct StandardStreams: Sendable, Equatable {
    package var input: Int32
    package var output: Int32
    package var errors: Int32

    package init(input: Int32 = 0, output: Int32 = 1, errors: Int32 = 2) {
        self.input = input
        self.output = output
        self.errors = errors
    }
}
