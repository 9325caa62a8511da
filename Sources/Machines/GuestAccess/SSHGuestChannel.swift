package import AtollCommands
package import AtollSSH
import Glibc

/// A guest reached over SSH. It connects on first use, keeps that one connection for everything that follows, and connects
/// anew when it has broken.
package actor SSHGuestChannel: GuestChannel {
    /// Where the guest is and how to log in.
    package struct Target: Sendable, Equatable {
        /// The guest's name, for messages.
        package var name: String
        package var endpoint: Endpoint
        package var credentials: Credentials
        package var hostKeys: HostKeyPolicy
        /// For the TCP connection alone; short, because a booting guest answers at once when it answers at all.
        package var connectTimeout: Duration
        /// For connection, key exchange and login together.
        package var loginTimeout: Duration

        package init(
            name: String, endpoint: Endpoint, credentials: Credentials, hostKeys: HostKeyPolicy, connectTimeout: Duration = .seconds(1),
            loginTimeout: Duration = .seconds(30)
        ) {
            self.name = name
            self.endpoint = endpoint
            self.credentials = credentials
            self.hostKeys = hostKeys
            self.connectTimeout = connectTimeout
            self.loginTimeout = loginTimeout
        }
    }

    package nonisolated let target: Target
    package nonisolated var name: String { target.name }
    private var current: Session?
    private var connecting: Task<Session, any Error>?
    /// False once the guest has said that it has no SFTP (dropbear alone has none).
    var offersSFTP = true

    package init(_ target: Target) { self.target = target }

    package func probe(timeout: Duration) async -> Sighting {
        do {
            let session = try await session(timeout: timeout)
            let exit = try await session.capture("true", timeout: timeout).exit
            guard exit.code == 0 else { return Sighting(reached: .login, words: "the command `true` ended with status \(exit.code)") }
            return Sighting(reached: .command, words: "a command ran")
        } catch {
            return Sighting(error)
        }
    }

    package func run(
        _ command: String, input: CommandInput, timeout: Duration?, output: @escaping CommandOutput
    ) async throws -> CommandResult {
        try await explained {
            let exit = try await session().run(Command(command), input: Input(input), timeout: timeout) { channel, bytes in
                try output(channel == .standardOutput ? .output : .errors, bytes)
            }
            return CommandResult(exit)
        }
    }

    package func attach(_ command: RemoteCommand, streams: StandardStreams) async throws -> Int32 {
        let local = LocalTerminal(input: streams.input, output: streams.output, error: streams.errors)
        return try await explained {
            let session = try await session()
            switch command {
            case .loginShell: return try await session.attach(nil, to: local).code
            case .line(let line): return try await session.attach(line, to: local).code
            case .script(let path):
                let file = open(path, O_RDONLY | O_CLOEXEC)
                guard file >= 0 else { throw SSHError(.local, "cannot read the script \(path)", cause: String(cString: strerror(errno))) }
                defer { Glibc.close(file) }
                // The script takes the place of the input, so the guest gets pipes even when we sit at a terminal.
                let piped = LocalTerminal(input: file, output: streams.output, error: streams.errors)
                return try await session.attach(RemoteCommand.scriptShell, to: piped).code
            }
        }
    }

    package func close() async {
        connecting?.cancel()
        let session = current
        current = nil
        await session?.close()
    }

    /// The connection, made when there is none. Callers that come together share one attempt.
    func session(timeout: Duration? = nil) async throws -> Session {
        while true {
            if let current, await current.isOpen { return current }
            if let connecting {
                // Another caller's attempt; when that caller was cancelled its failure says nothing about ours.
                if let session = try await Self.unlessCancelled(connecting) { return session }
                try Task.checkCancellation()
                continue
            }
            let target = target
            let attempt = Task {
                try await Session.connect(
                    to: target.endpoint, as: target.credentials, hostKeys: target.hostKeys, connectTimeout: target.connectTimeout,
                    timeout: min(timeout ?? target.loginTimeout, target.loginTimeout))
            }
            connecting = attempt
            defer { connecting = nil }
            let session = try await withTaskCancellationHandler {
                try await attempt.value
            } onCancel: {
                attempt.cancel()
            }
            current = session
            return session
        }
    }

    private static func unlessCancelled(_ attempt: Task<Session, any Error>) async throws -> Session? {
        do { return try await attempt.value } catch let error as SSHError where error.code == .cancelled { return nil }
    }

    /// Runs `body` and says of its errors which guest they concern.
    func explained<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        do { return try await body() } catch let error as SSHError {
            throw GuestAccessError(error, guest: name)
        } catch is CancellationError {
            throw GuestAccessError(.cancelled, "\(name): interrupted")
        }
    }
}

extension Sighting {
    /// How far an attempt that failed got.
    init(_ error: any Error) {
        guard let error = error as? SSHError else {
            self.init(reached: .nothing, words: "\(error)")
            return
        }
        let words = GuestText.printable(error.description)
        switch error.code {
        case .unreachable, .local, .malformed, .cancelled: self.init(reached: .nothing, words: words)
        case .refused: self.init(reached: .host, words: words)
        // The TCP connection alone times out with the system's words; later steps with none.
        case .timedOut: self.init(reached: error.cause == nil ? .port : .nothing, words: words)
        case .handshake, .disconnected: self.init(reached: .port, words: words)
        case .authentication: self.init(reached: .port, words: words, isRefused: true)
        case .hostKeyMismatch, .hostKeyUnknown: self.init(reached: .port, words: words, isHopeless: true)
        case .channel, .remoteFile, .deadline: self.init(reached: .login, words: words)
        }
    }
}

extension GuestAccessError {
    init(_ error: SSHError, guest: String) {
        let code: Code =
            switch error.code {
            case .refused, .unreachable, .timedOut, .handshake, .disconnected: .unreachable
            case .hostKeyMismatch, .hostKeyUnknown: .hostKeyMismatch
            case .authentication: .loginRefused
            case .deadline: .deadline
            case .cancelled: .cancelled
            case .remoteFile: .copy
            case .channel, .local, .malformed: .failed
            }
        self.init(code, "\(guest): \(GuestText.printable(error.description))", cause: error)
    }
}

extension Input {
    init(_ input: CommandInput) {
        self =
            switch input {
            case .none: .none
            case .bytes(let bytes): .bytes(bytes)
            case .descriptor(let descriptor): .descriptor(descriptor)
            }
    }
}

extension CommandResult {
    init(_ exit: Exit) {
        if case .signal(let name) = exit { self.init(code: exit.code, signal: name) } else { self.init(code: exit.code) }
    }
}
