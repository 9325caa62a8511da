import CSSH2
import Dispatch

/// An authenticated SSH connection to one host, kept open for any number of commands and files.
///
/// libssh2 sessions are not thread-safe, so each is an actor on a queue of its own; its calls run one after another, block that
/// queue and nothing else, end by their timeout and can be cancelled. A session that broke, or was left in the middle of an
/// operation, says so in `isOpen` and must be replaced by a new one.
package actor Session {
    /// How long a peer may be silent during a command before it is asked whether it is still there.
    static let keepAliveInterval: Duration = .seconds(15)

    package nonisolated let endpoint: Endpoint
    package nonisolated let user: String
    private let executor: QueueExecutor
    private var connection: Transport?
    /// The key the host presented.
    package private(set) var hostKey: PublicKey?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private init(endpoint: Endpoint, user: String) {
        self.endpoint = endpoint
        self.user = user
        executor = QueueExecutor(label: "atoll.ssh.\(endpoint)")
    }

    /// Connects once, checks the host's key and logs in.
    /// - Parameters:
    ///   - connectTimeout: for the TCP connection alone. An address without a host behind it fails by itself only after 3 s.
    ///   - timeout: for everything: connection, key exchange (1 s of computing in an emulated guest) and login.
    /// - Throws: `.refused`, `.unreachable`, `.timedOut`, `.handshake`, `.hostKeyMismatch`, `.hostKeyUnknown`, `.authentication`,
    ///   `.disconnected`, `.cancelled`.
    package static func connect(
        to endpoint: Endpoint, as credentials: Credentials, hostKeys: HostKeyPolicy, connectTimeout: Duration = .seconds(1),
        timeout: Duration = .seconds(30)
    ) async throws(SSHError) -> Session {
        let session = Session(endpoint: endpoint, user: credentials.user)
        try await session.establish(credentials, hostKeys, connectTimeout: connectTimeout, timeout: timeout)
        return session
    }

    /// Whether the connection can carry another call.
    package var isOpen: Bool { connection?.isOpen ?? false }

    /// Says goodbye and closes the connection. Later calls fail with `.disconnected`.
    package func close() async {
        guard let connection else { return }
        self.connection = nil
        guard connection.isOpen, let cancellation = try? Cancellation() else { return }
        let call = Call(deadline: Deadline(.seconds(1)), cancellation: cancellation)
        _ = try? connection.complete("closing", call) { Int(cssh2_session_disconnect(connection.session, "done")) }
    }

    /// Runs `body` under a timeout and the task's cancellation.
    func bounded<T>(_ timeout: Duration?, _ body: (Call) throws(SSHError) -> T) async throws(SSHError) -> T {
        let call = Call(deadline: Deadline(timeout), cancellation: try Cancellation())
        let result = await withTaskCancellationHandler {
            outcome(call, body)
        } onCancel: {
            call.cancellation.signal()
        }
        return try result.get()
    }

    /// A method, because a closure that does not mention `self` would run on Swift's own threads, and `body` blocks.
    private func outcome<T>(_ call: Call, _ body: (Call) throws(SSHError) -> T) -> Result<T, SSHError> {
        assertIsolated()
        return Result { () throws(SSHError) in try body(call) }
    }

    /// The live connection.
    func transport() throws(SSHError) -> Transport {
        guard let connection, connection.isUsable else { throw SSHError(.disconnected, "the connection to \(endpoint) is closed") }
        return connection
    }

    private func establish(
        _ credentials: Credentials, _ policy: HostKeyPolicy, connectTimeout: Duration, timeout: Duration
    ) async throws(SSHError) {
        do throws(SSHError) {
            try await bounded(timeout) { call throws(SSHError) in
                let descriptor = try endpoint.connect(timeout: connectTimeout, call)
                let transport = try Transport(descriptor: descriptor, peer: "\(credentials.user)@\(endpoint)")
                hostKey = try Handshake(transport: transport, endpoint: endpoint, policy: policy).run(call)
                try Login(transport: transport, credentials: credentials).run(call)
                // When to ask is decided by Transport; 2 s is the least libssh2 takes for "whenever told".
                libssh2_keepalive_config(transport.session, 1, 2)
                connection = transport
            }
        } catch  where error.code == .deadline {
            throw SSHError(.timedOut, error.message, cause: error.cause)
        }
    }
}

/// A queue of its own for each session: blocking there costs one thread and never one of Swift's.
final class QueueExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
