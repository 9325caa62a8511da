import CLibvirt
import Dispatch
import Synchronization

/// A lifecycle event of a domain: started, stopped, suspended, …
package struct LifecycleEvent: Sendable, Equatable {
    /// Kind of event, `virDomainEventType`.
    package enum Kind: Int32, Sendable {
        case defined, undefined, started, suspended, resumed, stopped, shutdown, suspendedByPowerManagement, crashed
    }
    /// Name of the domain.
    package var domain: String
    /// nil for a kind that only a newer libvirt knows.
    package var kind: Kind?
    /// libvirt's reason code, by kind.
    package var detail: Int32
}

extension Connection {
    /// Lifecycle events of the host's domains from now on. The stream ends when the consumer stops, when the connection is
    /// closed, or when the daemon goes away.
    /// - Throws: an error that `isOperationInvalid` on a connection opened without events.
    package func lifecycleEvents() throws(LibvirtError) -> AsyncStream<LifecycleEvent> {
        let operation = "subscribe to domain events"
        try requireEvents(operation)
        let (stream, continuation) = AsyncStream.makeStream(of: LifecycleEvent.self, bufferingPolicy: .bufferingNewest(1024))
        let registration = try use(operation) { connection throws(LibvirtError) in
            try EventRegistration(connection, continuation, operation)
        }
        let id = streams.add { continuation.finish() }
        continuation.onTermination = { [streams] _ in
            streams.remove(id)
            registration.end()
        }
        return stream
    }

    func requireEvents(_ operation: String) throws(LibvirtError) {
        guard hasEvents else {
            throw LibvirtError(
                code: LibvirtError.number(VIR_ERR_OPERATION_INVALID), message: "connection was opened without events",
                operation: operation)
        }
    }
}

/// The open event streams of a connection, finished when it closes. Holds no reference to the connection.
final class EventStreams: Sendable {
    private let state = Mutex<(next: Int, open: [Int: @Sendable () -> Void])>((0, [:]))

    func add(_ finish: @escaping @Sendable () -> Void) -> Int {
        state.withLock { state in
            state.next += 1
            state.open[state.next] = finish
            return state.next
        }
    }

    func remove(_ id: Int) { state.withLock { _ = $0.open.removeValue(forKey: id) } }

    func finish() {
        // Outside the lock, because finishing a stream calls `remove`.
        let open = state.withLock { state in
            defer { state.open = [:] }
            return state.open.values
        }
        for finish in open { finish() }
    }
}

/// One event callback registered with libvirt. It retains the C connection, not `Connection`, to avoid a reference cycle.
///
/// Unchecked because of the C pointer, which libvirt documents as thread-safe; `ended` makes sure it is released once.
private final class EventRegistration: @unchecked Sendable {
    private let raw: OpaquePointer
    private let id: Int32
    private let ended = Mutex(false)

    init(_ raw: OpaquePointer, _ continuation: AsyncStream<LifecycleEvent>.Continuation, _ operation: String) throws(LibvirtError) {
        let box = Unmanaged.passRetained(ContinuationBox(continuation))
        id = virConnectDomainEventRegisterAny(
            raw, nil, Int32(VIR_DOMAIN_EVENT_ID_LIFECYCLE.rawValue),
            // libvirt calls a lifecycle callback with this signature; VIR_DOMAIN_EVENT_CALLBACK does the same cast in C.
            unsafeBitCast(deliver as LifecycleCallback, to: virConnectDomainEventGenericCallback.self),
            box.toOpaque(),
            // Called on the event thread once libvirt no longer calls `deliver`.
            { opaque in if let opaque { Unmanaged<ContinuationBox>.fromOpaque(opaque).release() } }
        )
        guard id >= 0 else {
            let error = LibvirtError.last(operation)
            box.release()
            throw error
        }
        self.raw = raw
        virConnectRef(raw)
    }

    /// Deregisters on another thread: a stream may end on the event thread or a cooperative one, and the daemon may be slow.
    func end() {
        let first = ended.withLock { ended in
            defer { ended = true }
            return !ended
        }
        guard first else { return }
        DispatchQueue.global().async { [self] in
            virConnectDomainEventDeregisterAny(raw, id)
            virConnectClose(raw)
        }
    }
}

/// Close callback on the event thread: the daemon disconnected, so the streams end.
func daemonLeft(_ connection: OpaquePointer?, _ reason: Int32, _ opaque: UnsafeMutableRawPointer?) {
    guard let opaque else { return }
    Unmanaged<EventStreams>.fromOpaque(opaque).takeUnretainedValue().finish()
}

private final class ContinuationBox: Sendable {
    let continuation: AsyncStream<LifecycleEvent>.Continuation
    init(_ continuation: AsyncStream<LifecycleEvent>.Continuation) { self.continuation = continuation }
}

private typealias LifecycleCallback = @convention(c) (OpaquePointer?, OpaquePointer?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32

/// Lifecycle callback on the event thread: copies the name and yields the event.
private func deliver(
    _ connection: OpaquePointer?, _ domain: OpaquePointer?, _ event: Int32, _ detail: Int32, _ opaque: UnsafeMutableRawPointer?
) -> Int32 {
    guard let opaque, let domain, let name = virDomainGetName(domain) else { return 0 }
    Unmanaged<ContinuationBox>.fromOpaque(opaque).takeUnretainedValue().continuation
        .yield(LifecycleEvent(domain: String(cString: name), kind: LifecycleEvent.Kind(rawValue: event), detail: detail))
    return 0
}
