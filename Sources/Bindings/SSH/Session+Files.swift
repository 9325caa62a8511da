import CSSH2
import Glibc

extension Session {
    /// Writes the rest of `descriptor` to a file on the host over SFTP, replacing what was there.
    /// - Throws: `.channel` when the host has no SFTP (dropbear), `.remoteFile`, `.local`, `.deadline`, `.cancelled`.
    package func upload(from descriptor: Int32, to path: String, mode: UInt32 = 0o644, timeout: Duration? = nil) async throws(SSHError) {
        try await bounded(timeout) { call throws(SSHError) in
            let transport = try transport()
            try transport.withFile(path, LIBSSH2_FXF_WRITE | LIBSSH2_FXF_CREAT | LIBSSH2_FXF_TRUNC, mode: Int(mode), call) {
                file throws(SSHError) in
                var source = InputSource(.descriptor(descriptor))
                while !source.hasEnded {
                    var piece = try source.next(256 << 10)[...]
                    while !piece.isEmpty {
                        try call.check("writing \(path)")
                        let count = try transport.complete("writing \(path)", call) {
                            piece.withUnsafeBytes {
                                libssh2_sftp_write(file, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
                            }
                        }
                        if count < 0 { throw transport.failure(.remoteFile, "\(transport.peer): cannot write \(path)") }
                        piece = piece.dropFirst(count)
                    }
                }
            }
        }
    }

    /// Reads a file on the host over SFTP and hands its bytes to `output` as they come.
    /// - Throws: as `upload`; what `output` throws becomes `.local`.
    package func download(
        _ path: String, timeout: Duration? = nil, output: @escaping @Sendable ([UInt8]) throws -> Void
    ) async throws(SSHError) {
        try await bounded(timeout) { call throws(SSHError) in
            let transport = try transport()
            try transport.withFile(path, LIBSSH2_FXF_READ, mode: 0, call) { file throws(SSHError) in
                var buffer = [CChar](repeating: 0, count: 256 << 10)
                while true {
                    try call.check("reading \(path)")
                    let count = try transport.complete("reading \(path)", call) { libssh2_sftp_read(file, &buffer, buffer.count) }
                    if count < 0 { throw transport.failure(.remoteFile, "\(transport.peer): cannot read \(path)") }
                    if count == 0 { return }
                    do { try output(buffer[..<count].map { UInt8(bitPattern: $0) }) } catch {
                        throw (error as? SSHError) ?? SSHError(.local, "cannot keep what was read from \(path)", cause: "\(error)")
                    }
                }
            }
        }
    }
}

extension Transport {
    /// Opens an SFTP channel and a file on it for the time of `body`.
    fileprivate func withFile(
        _ path: String, _ flags: Int32, mode: Int, _ call: Call, _ body: (OpaquePointer) throws(SSHError) -> Void
    ) throws(SSHError) {
        guard let sftp = try opening("starting SFTP", call, { libssh2_sftp_init(session) }) else {
            throw failure(.channel, "\(peer) offers no SFTP")
        }
        let outcome = Result { () throws(SSHError) in
            let file = try completePointer("opening \(path)", call) {
                libssh2_sftp_open_ex(sftp, path, UInt32(path.utf8.count), UInt(flags), mode, LIBSSH2_SFTP_OPENFILE)
            }
            guard let file else { throw fileFailure("\(peer): cannot open \(path)", sftp) }
            let outcome = Result { () throws(SSHError) in try body(file) }
            if isUsable {
                let code = try complete("closing \(path)", call) { Int(libssh2_sftp_close_handle(file)) }
                if code != 0, case .success = outcome { throw fileFailure("\(peer): cannot finish \(path)", sftp) }
            }
            try outcome.get()
        }
        if isUsable { _ = try complete("ending SFTP", call) { Int(libssh2_sftp_shutdown(sftp)) } }
        try outcome.get()
    }

    private func fileFailure(_ message: String, _ sftp: OpaquePointer) -> SSHError {
        guard libssh2_session_last_errno(session) == LIBSSH2_ERROR_SFTP_PROTOCOL else { return failure(.remoteFile, message) }
        let words: [UInt: String] = [
            UInt(LIBSSH2_FX_NO_SUCH_FILE): "no such file or directory", UInt(LIBSSH2_FX_PERMISSION_DENIED): "permission denied",
            UInt(LIBSSH2_FX_FAILURE): "the server says only that it failed",
        ]
        let code = libssh2_sftp_last_error(sftp)
        return SSHError(.remoteFile, message, cause: words[code] ?? "SFTP status \(code)")
    }
}
