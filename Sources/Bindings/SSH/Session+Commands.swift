import CSSH2
import Synchronization

extension Session {
    /// Runs a command to its end, feeding it `input` and handing its output to `output` as it comes.
    /// - Parameter timeout: for the whole command; nil for none. A command given up loses its input and output (with a terminal
    ///   it is hung up as well) but may go on running on the host.
    /// - Throws: `.channel`, `.disconnected`, `.deadline`, `.cancelled`, `.local` when `output` throws.
    package func run(
        _ command: Command, input: Input = .none, timeout: Duration? = nil, output: @escaping OutputHandler
    ) async throws(SSHError) -> Exit {
        try await bounded(timeout) { call throws(SSHError) in
            try execute(command, source: InputSource(input), window: nil, call, output)
        }
    }

    /// Runs a command and returns what it wrote.
    /// - Parameter limit: the most kept of each stream, in bytes; what is beyond is read and dropped.
    package func capture(
        _ line: String, input: Input = .none, timeout: Duration? = nil, limit: Int = 8 << 20
    ) async throws(SSHError) -> (exit: Exit, output: [UInt8], errors: [UInt8]) {
        let kept = Mutex<(output: [UInt8], errors: [UInt8])>(([], []))
        let exit = try await run(Command(line), input: input, timeout: timeout) { channel, bytes in
            kept.withLock { kept in
                switch channel {
                case .standardOutput: kept.output += bytes.prefix(max(0, limit - kept.output.count))
                case .standardError: kept.errors += bytes.prefix(max(0, limit - kept.errors.count))
                }
            }
        }
        return kept.withLock { (exit, $0.output, $0.errors) }
    }

    /// Opens a channel, runs the command on it and closes it again, whatever happens.
    func execute(
        _ command: Command, source: InputSource, window: (() -> WindowSize?)?, _ call: Call, _ output: @escaping OutputHandler
    ) throws(SSHError) -> Exit {
        let transport = try transport()
        let channel = try transport.openChannel(call)
        do throws(SSHError) {
            try transport.start(command, on: channel, call)
            var pump = Pump(
                transport: transport, channel: channel, command: command, source: source, window: window, call: call, output: output)
            try pump.run()
            return try transport.finish(channel, call)
        } catch {
            transport.giveUp(channel)
            throw error
        }
    }
}

extension Transport {
    fileprivate func openChannel(_ call: Call) throws(SSHError) -> OpaquePointer {
        let channel = try opening("opening a channel", call) { cssh2_channel_open_session(session) }
        guard let channel else {
            let limit = hasHadChannel ? "; is a command of before still running, and MaxSessions of its sshd small?" : ""
            throw failure(.channel, "\(peer) refused to open a channel\(limit)")
        }
        return channel
    }

    fileprivate func start(_ command: Command, on channel: OpaquePointer, _ call: Call) throws(SSHError) {
        if command.mergesErrors {
            _ = try complete("preparing a channel", call) {
                Int(libssh2_channel_handle_extended_data2(channel, LIBSSH2_CHANNEL_EXTENDED_DATA_MERGE))
            }
        }
        if let terminal = command.terminal {
            let kind = terminal.kind
            let code = try complete("asking for a terminal", call) {
                Int(
                    libssh2_channel_request_pty_ex(
                        channel, kind, UInt32(kind.utf8.count), nil, 0, terminal.size.columns, terminal.size.rows, 0, 0))
            }
            if code != 0 { throw failure(.channel, "\(peer) refused a terminal") }
        }
        let request = command.line == nil ? "shell" : "exec"
        let code = try complete("starting a command", call) {
            Int(
                libssh2_channel_process_startup(
                    channel, request, UInt32(request.utf8.count), command.line, UInt32(command.line?.utf8.count ?? 0)))
        }
        if code != 0 { throw failure(.channel, "\(peer) refused to run \(command.line.map { "\"\($0.prefix(80))\"" } ?? "a shell")") }
    }

    fileprivate func finish(_ channel: OpaquePointer, _ call: Call) throws(SSHError) -> Exit {
        // Both sides have said all they had to say, so this is short; a server that never answers must not hold us.
        let closing = Call(deadline: Deadline(min(call.deadline.remaining ?? .seconds(5), .seconds(5))), cancellation: call.cancellation)
        _ = try complete("closing a channel", closing) { Int(libssh2_channel_close(channel)) }
        let exit = outcome(of: channel)
        _ = try complete("closing a channel", closing) { Int(libssh2_channel_free(channel)) }
        return exit
    }

    private func outcome(of channel: OpaquePointer) -> Exit {
        var name: UnsafeMutablePointer<CChar>?
        var length = 0
        if libssh2_channel_get_exit_signal(channel, &name, &length, nil, nil, nil, nil) == 0, let name {
            defer { libssh2_free(session, name) }
            return .signal(String(decoding: UnsafeRawBufferPointer(start: name, count: length), as: UTF8.self))
        }
        return .status(libssh2_channel_get_exit_status(channel))
    }

    /// Closes a channel after a failure without letting it cost more than a moment; the connection is dropped if that does not do.
    fileprivate func giveUp(_ channel: OpaquePointer) {
        guard isUsable, !hasUnsentBytes, let cancellation = try? Cancellation() else { return abandon() }
        let grace = Call(deadline: Deadline(.milliseconds(500)), cancellation: cancellation)
        do throws(SSHError) {
            _ = try complete("closing a channel", grace) { Int(libssh2_channel_close(channel)) }
            _ = try complete("closing a channel", grace) { Int(libssh2_channel_free(channel)) }
        } catch {
            abandon()
        }
    }
}
