import AtollCommands
/// One thing a guest must have come to before it counts as up; waited for by `Readiness`.
package struct Requirement: Sendable {
    /// What one look at it showed.
    package enum Observation: Sendable, Equatable {
        case met(String)
        /// Not yet; what was seen instead.
        case pending(String)
        /// Waiting cannot help; what was seen, and what to do about it.
        case hopeless(String, hint: String)
    }

    /// "vm-a answers on port 22".
    package var name: String
    /// How long it may take, from when the requirement before it was met.
    package var patience: Duration
    /// Where to look, or what to type, when it is not met.
    package var hint: String
    /// Looks once. It is given the time that is left and must not take much longer.
    package var look: @Sendable (_ remaining: Duration) async -> Observation

    package init(
        name: String, patience: Duration, hint: String, look: @escaping @Sendable (_ remaining: Duration) async -> Observation
    ) {
        self.name = name
        self.patience = patience
        self.hint = hint
        self.look = look
    }

    /// A requirement that `command` ends with status 0 in the guest.
    package static func command(
        _ command: String, name: String, in channel: any GuestChannel, patience: Duration, hint: String
    ) -> Requirement {
        Requirement(name: name, patience: patience, hint: hint) { remaining in
            do {
                let (result, output, errors) = try await channel.capture(command, timeout: remaining)
                if result.succeeded { return .met("status 0") }
                let words = GuestText.tail(errors.isEmpty ? output : errors, lines: 1)
                return .pending("status \(result.code)\(words.isEmpty ? "" : ": \(words)")")
            } catch {
                return .pending("\(error)")
            }
        }
    }
}

extension GuestChannel {
    /// What a guest must have come to: its address answers, then a command runs in it.
    /// - Parameters:
    ///   - patience: how long both may take together at most; the second may use what the first left, and 60 s at least.
    ///   - attempt: how long a single attempt may take.
    ///   - isLoginOurs: we gave the guest a key or were given a password; without, a guest whose ssh server refuses us is up as well.
    package func requirements(
        patience: Duration, attempt: Duration = .seconds(30), console: String = "atoll console", isLoginOurs: Bool = true
    ) -> [Requirement] {
        [
            Requirement(
                name: "\(name) answers on the network", patience: patience,
                hint: "look at its console for a boot that hangs: \(console) \(name)"
            ) { remaining in
                let sighting = await probe(timeout: min(remaining, attempt))
                if sighting.isHopeless { return .hopeless(sighting.words, hint: "find out who has the address: atoll doctor") }
                return sighting.reached >= .port ? .met(sighting.words) : .pending(sighting.words)
            },
            Requirement(
                name: "\(name) runs a command over ssh", patience: max(patience, .seconds(60)),
                hint: "the guest is up, its ssh is not usable: does its sshd start, and did it get the key? \(console) \(name)"
            ) { remaining in
                let sighting = await probe(timeout: min(remaining, attempt))
                if sighting.isHopeless { return .hopeless(sighting.words, hint: "find out who has the address: atoll doctor") }
                if sighting.isRefused, !isLoginOurs { return .met("\(sighting.words); nothing gave it our key") }
                return sighting.reached >= .command ? .met(sighting.words) : .pending(sighting.words)
            },
        ]
    }
}
