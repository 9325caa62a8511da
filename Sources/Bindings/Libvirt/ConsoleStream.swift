import CLibvirt
import Dispatch
import Synchronization

/// A bidirectional byte stream to a domain's console (`Domain.openConsole`). Its calls never block.
///
/// Not named `Stream` because Foundation has one. Unchecked because of the C pointer, which libvirt documents as thread-safe; it is
/// freed in deinit only, after the stream has been finished or aborted.
package final class ConsoleStream: @unchecked Sendable {
    /// Result of one receive call.
    package enum Received: Sendable, Equatable {
        case data([UInt8])
        /// No data available.
        case wouldBlock
        /// End of stream.
        case end
    }

    let raw: OpaquePointer
    private let connection: Connection
    private let isEnded = Mutex(false)
    private let readers = Mutex<[Int]>([])

    /// Creates an unconnected stream. - Throws: if the connection was opened without events, which deliver the data.
    package init(_ connection: Connection) throws(LibvirtError) {
        try connection.requireEvents("open a console")
        raw = try connection.use("open a console") { connection throws(LibvirtError) in
            guard let stream = virStreamNew(connection, VIR_STREAM_NONBLOCK.rawValue) else { throw LibvirtError.last("open a console") }
            return stream
        }
        self.connection = connection
    }

    deinit {
        close()
        virStreamFree(raw)
    }

    /// Sends as many bytes as fit and returns their number; nil if the buffer is full (retry later).
    package func send(_ bytes: [UInt8]) throws(LibvirtError) -> Int? {
        guard !bytes.isEmpty else { return 0 }
        let sent = bytes.withUnsafeBytes { virStreamSend(raw, $0.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count) }
        if sent == -2 { return nil }
        guard sent >= 0 else { throw LibvirtError.last("send to the console") }
        return Int(sent)
    }

    /// Receives up to `limit` bytes.
    package func receive(_ limit: Int = 4096) throws(LibvirtError) -> Received {
        var bytes = [UInt8](repeating: 0, count: max(limit, 1))
        let count = bytes.withUnsafeMutableBytes { virStreamRecv(raw, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count) }
        switch count {
        case -2: return .wouldBlock
        case 0: return .end
        case 1...: return .data(Array(bytes.prefix(Int(count))))
        default: throw LibvirtError.last("read from the console")
        }
    }

    /// All data from the connected stream until its end; finishes with the error if there is one. Call once, after
    /// `openConsole`. Buffers up to 16 MB; a slower consumer loses the oldest data.
    package func output() throws(LibvirtError) -> AsyncThrowingStream<[UInt8], any Error> {
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: [UInt8].self, bufferingPolicy: .bufferingNewest(4096))
        let token = ConsoleReaders.add(self, continuation)
        let wanted = VIR_STREAM_EVENT_READABLE.rawValue | VIR_STREAM_EVENT_HANGUP.rawValue | VIR_STREAM_EVENT_ERROR.rawValue
        guard virStreamEventAddCallback(raw, Int32(wanted), arrived, UnsafeMutableRawPointer(bitPattern: token), nil) == 0 else {
            let error = LibvirtError.last("watch the console")
            ConsoleReaders.remove(token)
            throw error
        }
        readers.withLock { $0.append(token) }
        // A consumer that stops closes the stream, on another thread because closing may wait for the daemon.
        continuation.onTermination = { [weak self] _ in
            guard let ended = self else { return }
            DispatchQueue.global().async { ended.close() }
        }
        return stream
    }

    /// Closes the stream and releases the console. No-op if closed.
    package func close() {
        let first = isEnded.withLock { ended in
            defer { ended = true }
            return !ended
        }
        guard first else { return }
        virStreamEventRemoveCallback(raw)
        virStreamAbort(raw)
        for token in readers.withLock({ $0 }) { ConsoleReaders.remove(token)?.finish() }
    }
}

/// Readers of console streams by integer token, used in place of a pointer: libvirt 9.0's remote driver never calls a stream's free
/// callback, and its event thread may still be in the last call when the callback is removed, so a pointer could not be freed safely.
private enum ConsoleReaders {
    typealias Continuation = AsyncThrowingStream<[UInt8], any Error>.Continuation
    private static let all = Mutex<(next: Int, open: [Int: (ConsoleStream, Continuation)])>((0, [:]))

    static func add(_ stream: ConsoleStream, _ continuation: Continuation) -> Int {
        all.withLock { all in
            all.next += 1
            all.open[all.next] = (stream, continuation)
            return all.next
        }
    }

    static func find(_ token: Int) -> (ConsoleStream, Continuation)? { all.withLock { $0.open[token] } }

    @discardableResult
    static func remove(_ token: Int) -> Continuation? { all.withLock { $0.open.removeValue(forKey: token)?.1 } }
}

/// Stream callback on the event thread: reads all available data without blocking.
private func arrived(_ raw: OpaquePointer?, _ events: Int32, _ opaque: UnsafeMutableRawPointer?) {
    guard let (stream, continuation) = ConsoleReaders.find(Int(bitPattern: opaque)) else { return }
    do throws(LibvirtError) {
        while true {
            switch try stream.receive() {
            case .data(let bytes): continuation.yield(bytes)
            case .wouldBlock:
                if events & Int32(VIR_STREAM_EVENT_HANGUP.rawValue | VIR_STREAM_EVENT_ERROR.rawValue) != 0 { stream.close() }
                return
            case .end: return stream.close()
            }
        }
    } catch {
        continuation.finish(throwing: error)
        stream.close()
    }
}
