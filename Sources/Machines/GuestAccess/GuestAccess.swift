import AtollSSH

/// Reaching into a guest: the `GuestChannel` port, its live kind over SSH, waits that explain themselves, and what the arguments
/// of `atoll shell` mean.
///
/// It never decides which guests exist or what their addresses are, keeps no state between verbs, and never prints a guest's
/// output unfiltered in a message of ours. Start with `GuestChannel`; `Readiness` waits for one, `SSHGuestChannel` is one.
package enum GuestAccess {
    /// Puts the caller's terminal back if a session has it in raw mode: to be called before `_exit`, which skips every other way back.
    package static func restoreTerminal() { RawMode.restoreCurrent() }
}
