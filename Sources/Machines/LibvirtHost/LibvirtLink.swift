import AtollHostPorts
import AtollLibvirt
import AtollPlatform
import Synchronization

/// Shared libvirt connection of a verb: opened on first use, reopened after libvirtd restarts.
package final class LibvirtLink: Sendable {
    let uri: String
    let credentials: Credentials?
    private let timeout: Duration
    private let current = Mutex<Connection?>(nil)

    /// - Parameter timeout: limit of one libvirt call; starting a domain on a busy host takes seconds.
    package init(uri: String, user: String? = nil, password: String? = nil, timeout: Duration = .seconds(120)) {
        self.uri = uri
        self.timeout = timeout
        credentials = user.map { Credentials(user: $0, password: password ?? "") }
    }

    /// Runs `body` with a live connection, off the cooperative pool. After a connection failure `body` runs once more with a new
    /// connection, so it must be repeatable.
    /// - Parameter limit: timeout of the call; nil is the default of the link.
    func use<T: Sendable>(limit: Duration? = nil, _ body: @escaping @Sendable (Connection) throws -> T) async throws -> T {
        let limit = limit ?? timeout
        let overdue: @Sendable () -> any Error = { [uri] in
            EnvironmentError(
                .timeout,
                "libvirt at \(uri) has not answered for \(limit.components.seconds) s: it hangs, or the host is overloaded. "
                    + "Look at it with: atoll doctor; then the same command again goes on")
        }
        return try await Blocking.run(limit: limit, overdue: overdue) { [self] in
            do {
                return try body(try connection())
            } catch let error as LibvirtError where error.isConnectionFailure {
                current.withLock { $0 = nil }
                do { return try body(try connection()) } catch let error as LibvirtError { throw explain(error) }
            } catch let error as LibvirtError {
                throw explain(error)
            }
        }
    }

    private func connection() throws -> Connection {
        // Held while opening, so that parallel steps share one connection.
        try current.withLock { current in
            if let open = current { return open }
            let opened = try Connection(uri: uri, credentials: credentials)
            current = opened
            return opened
        }
    }

    /// libvirt's error as an error of the product, with a hint.
    func explain(_ error: LibvirtError) -> EnvironmentError {
        if error.isPermission {
            return EnvironmentError(
                .refused,
                "libvirt at \(uri) refuses this user. Join its group with: sudo usermod -aG libvirt $USER, then log in again. (\(error))")
        }
        if error.isConnectionFailure {
            return EnvironmentError(
                .hostFailure,
                "libvirt does not answer at \(uri). Start it with: scripts/setup; see what is wrong with: atoll doctor. (\(error))")
        }
        if error.isStorageAccess {
            return EnvironmentError(
                .hostFailure, "QEMU cannot reach a disk image; see which directory is closed with: atoll doctor. (\(error))")
        }
        return EnvironmentError(.hostFailure, "libvirt did not do it: \(error)")
    }
}
