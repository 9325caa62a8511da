import CLibvirt
import Dispatch
import Synchronization

/// A two-way byte stream with something on the host: here, a domain's console (`Domain.openConsole`). Calls on it never block.
///
/// Named so because Foundation has a `Stream`. Unchecked because of the C pointer, which libvirt lets any thread use; it is freed in
/// deinit only, after the stream has been finished or aborted.
package final class ConsoleStream: @unchecked Sendable {
    /// What one attempt to receive brought.
    package enum Received: Sendable, Equatable {
        case data([UInt8])
        /// Nothing now.
        case wouldBlock
        /// The other side ended.
        case end
    }

    let raw: OpaquePointer
    private let connection: Connection
    private let isEnded = Mutex(false)
    private let readers = Mutex<[Int]>([])

    /// A stream not yet connected to anything. - Throws: on a connection opened without events, which alone deliver its data.
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

    /// Sends what fits now and returns how many bytes that was; nil when none fits, try again later.
    package func send(_ bytes: [UInt8]) throws(LibvirtError) -> Int? {
        guard !bytes.isEmpty else { return 0 }
        let sent = bytes.withUnsafeBytes { virStreamSend(raw, $0.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count) }
        if sent == -2 { return nil }
        guard sent >= 0 else { throw LibvirtError.last("send to the console") }
        return Int(sent)
    }

    /// Takes what has arrived, up to `limit` bytes.
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

    /// Everything that arrives, from when the stream is connected until it ends; an error ends it by throwing. To be asked for once, after
    /// `openConsole`. A consumer slower than 16 MB of output loses the oldest of it.
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
        // A consumer that stops ends the stream; not on its own thread, because ending may wait for the daemon.
        continuation.onTermination = { [weak self] _ in
            guard let ended = self else { return }
            DispatchQueue.global().async { ended.close() }
        }
        return stream
    }

    /// Ends the stream; the console is free for others then. Safe to call again.
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

/// Who reads which console, by a number that stands in for a pointer: libvirt 9.0's remote driver never calls a stream's free callback,
/// and its event thread may still be in the last call when the callback is removed, so no pointer could ever be freed safely.
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

/// Runs on the event thread whenever the stream has something: takes all there is, without blocking.
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
