package import AtollGuestAccess
package import AtollModel

/// One end of a terminal session or a command in a guest.
package protocol GuestConnector: Sendable {
    /// Waits until a command runs in the guest, and keeps the connection it ran on.
    /// - Parameter deadline: for the whole wait.
    /// - Parameter seen: what was seen last, whenever that changes.
    /// - Throws: `EnvironmentError.timeout` with what was waited for, how long, what was seen last, the console's tail and what to try.
    func waitUntilReady(
        _ machine: Machine, of environment: Environment, files: PrefixFiles, deadline: Duration, seen: @escaping @Sendable (String) -> Void
    ) async throws -> GuestReady

    /// Runs one command, or a login shell on the caller's terminal, with the caller's streams.
    /// - Returns: the remote exit code, or 128 + signal.
    func shell(_ machine: Machine, of environment: Environment, files: PrefixFiles, arguments: [String]) async throws -> Int32

    /// A way into the guest that its caller keeps and closes, for work that needs more than one command.
    func channel(to machine: Machine, files: PrefixFiles) throws -> any GuestChannel
}

/// A guest that answered.
package struct GuestReady: Sendable, Equatable {
    package var machine: String
    package var waited: Duration
    package var attempts: Int

    package init(machine: String, waited: Duration, attempts: Int) {
        self.machine = machine
        self.waited = waited
        self.attempts = attempts
    }
}

/// Serial consoles of running domains.
package protocol ConsoleHost: Sendable {
    /// Connects the caller's terminal to the console until the user leaves it or the domain ends. `hint` is called once, with how to leave.
    func attach(_ domain: String, owner: PrefixID, hint: @escaping @Sendable (String) -> Void) async throws
}
