extension Session {
    /// Runs `line`, or a login shell, on the caller's own streams until it ends.
    ///
    /// At a terminal the guest gets a terminal of the same size, follows its changes, and receives every key (Ctrl-C too);
    /// `~.` at the start of a line leaves a guest that hangs. The local terminal is put back however this ends. Without a
    /// terminal the streams are plain pipes: `echo x | … cat` ends when its input does.
    /// - Throws: as `run`.
    package func attach(_ line: String?, to local: LocalTerminal, timeout: Duration? = nil) async throws(SSHError) -> Exit {
        try await bounded(timeout) { call throws(SSHError) in
            let output: OutputHandler = { channel, bytes in try local.write(channel, bytes) }
            guard local.isInteractive else {
                return try execute(Command(line), source: InputSource(.descriptor(local.input)), window: nil, call, output)
            }
            let raw = RawMode(local.input)
            defer { raw?.restore() }
            let request = TerminalRequest(kind: local.kind, size: local.size ?? WindowSize(columns: 80, rows: 24))
            let source = InputSource(.descriptor(local.input), escape: EscapeSequence())
            return try execute(Command(line, terminal: request), source: source, window: { local.size }, call, output)
        }
    }
}
