import AtollHostPorts
import AtollLibvirt
import AtollPlatform
import Synchronization

/// One libvirt connection for a whole verb, opened on first use and opened anew when libvirtd went away in between.
package final class LibvirtLink: Sendable {
    let uri: String
    let credentials: Credentials?
    private let patience: Duration
    private let current = Mutex<Connection?>(nil)

    /// - Parameter patience: how long libvirt may take for one answer; starting a domain on a busy host takes seconds.
    package init(uri: String, user: String? = nil, password: String? = nil, patience: Duration = .seconds(120)) {
        self.uri = uri
        self.patience = patience
        credentials = user.map { Credentials(user: $0, password: password ?? "") }
    }

    /// Runs `body` with a live connection, off the cooperative pool. When the connection turns out dead, it is tried once more with
    /// a new one, so `body` must be repeatable.
    func use<T: Sendable>(_ body: @escaping @Sendable (Connection) throws -> T) async throws -> T {
        let overdue: @Sendable () -> any Error = { [uri, patience] in
            EnvironmentError(
                .timeout,
                "libvirt at \(uri) has not answered for \(patience.components.seconds) s: it hangs, or the host is overloaded. "
                    + "Look at it with: atoll doctor; then the same command again goes on")
        }
        return try await Blocking.run(limit: patience, overdue: overdue) { [self] in
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

    /// libvirt's error in words that end with what to do.
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
