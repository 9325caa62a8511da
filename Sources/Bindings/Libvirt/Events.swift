import CLibvirt
import Dispatch
import Synchronization

/// Something that happened to a domain: started, stopped, suspended, …
package struct LifecycleEvent: Sendable, Equatable {
    /// What happened, by libvirt's `virDomainEventType`.
    package enum Kind: Int32, Sendable {
        case defined, undefined, started, suspended, resumed, stopped, shutdown, suspendedByPowerManagement, crashed
    }
    /// Name of the domain.
    package var domain: String
    /// nil for an event of a newer libvirt.
    package var kind: Kind?
    /// libvirt's number for the reason, by kind.
    package var detail: Int32
}

extension Connection {
    /// What happens to the host's domains from now on. The stream ends when the consumer stops, when the connection is
    /// closed, or when the daemon goes away.
    /// - Throws: an error that `isOperationInvalid` on a connection opened without events.
    package func lifecycleEvents() throws(LibvirtError) -> AsyncStream<LifecycleEvent> {
        let operation = "watch the domains"
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
                code: LibvirtError.number(VIR_ERR_OPERATION_INVALID), message: "the connection was opened without events",
                operation: operation)
        }
    }
}

/// The streams open on a connection, so that closing it can finish them. It refers to no connection.
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
        // Outside the lock: finishing a stream calls `remove`.
        let open = state.withLock { state in
            defer { state.open = [:] }
            return state.open.values
        }
        for finish in open { finish() }
    }
}

/// One callback registered with libvirt. It holds the C connection, not ours, so that no cycle keeps the connection open.
///
/// Unchecked because of the C pointer, which libvirt lets any thread use; `ended` makes sure it is given back once.
private final class EventRegistration: @unchecked Sendable {
    private let raw: OpaquePointer
    private let id: Int32
    private let ended = Mutex(false)

    init(_ raw: OpaquePointer, _ continuation: AsyncStream<LifecycleEvent>.Continuation, _ operation: String) throws(LibvirtError) {
        let box = Unmanaged.passRetained(ContinuationBox(continuation))
        id = virConnectDomainEventRegisterAny(
            raw, nil, Int32(VIR_DOMAIN_EVENT_ID_LIFECYCLE.rawValue),
            // libvirt calls a lifecycle callback with exactly this signature; VIR_DOMAIN_EVENT_CALLBACK does the same cast in C.
            unsafeBitCast(deliver as LifecycleCallback, to: virConnectDomainEventGenericCallback.self),
            box.toOpaque(),
            // Called once libvirt will not call `deliver` again, on the event thread.
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

    /// Deregisters, on a thread of its own: a stream may end on the event thread or a cooperative one, and the daemon may be slow.
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

/// Runs on the event thread when the daemon has gone: nothing will come any more.
func daemonLeft(_ connection: OpaquePointer?, _ reason: Int32, _ opaque: UnsafeMutableRawPointer?) {
    guard let opaque else { return }
    Unmanaged<EventStreams>.fromOpaque(opaque).takeUnretainedValue().finish()
}

private final class ContinuationBox: Sendable {
    let continuation: AsyncStream<LifecycleEvent>.Continuation
    init(_ continuation: AsyncStream<LifecycleEvent>.Continuation) { self.continuation = continuation }
}

private typealias LifecycleCallback = @convention(c) (OpaquePointer?, OpaquePointer?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32

/// Runs on the event thread: copies the name out and hands the event on, nothing else.
private func deliver(
    _ connection: OpaquePointer?, _ domain: OpaquePointer?, _ event: Int32, _ detail: Int32, _ opaque: UnsafeMutableRawPointer?
) -> Int32 {
    guard let opaque, let domain, let name = virDomainGetName(domain) else { return 0 }
    Unmanaged<ContinuationBox>.fromOpaque(opaque).takeUnretainedValue().continuation
        .yield(LifecycleEvent(domain: String(cString: name), kind: LifecycleEvent.Kind(rawValue: event), detail: detail))
    return 0
}
