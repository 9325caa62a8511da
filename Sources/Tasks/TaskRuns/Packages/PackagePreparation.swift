package import AtollDirectives
import AtollCommands
import AtollInstances
package import AtollFormula
import AtollModel
import Foundation
import Synchronization

/// Sees to it that a machine has the packages that a formula asks for, by the machine's own family of packages.
///
/// What is installed already is not asked for, so that a machine without a network does when nothing is missing. A machine made for the
/// run, or one reached over ssh as root or with sudo that asks no password, is simply changed; this machine only by root or with the
/// consent of an explicit `--local`, and without either the missing packages are a warning.
package struct PackagePreparation: Sendable {
    /// `minion_repos`: for rpm machines `.repo` URLs, base URLs and `copr:USER/NAME`, for deb machines lines that begin with `deb `. Each
    /// machine gets those of its family; this machine gets none.
    package var repositories: [String]
    package var ignoresRepositoryErrors: Bool
    /// An explicit `--local`.
    package var hasConsent: Bool
    private let pause: @Sendable (Duration) async throws -> Void
    private let beat: Duration

    /// - Parameters:
    ///   - pause: what happens between the tries to add a repository.
    ///   - beat: how often it is said that installing goes on.
    package init(
        repositories: [String] = [], ignoresRepositoryErrors: Bool = false, hasConsent: Bool = false,
        pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }, beat: Duration = .seconds(10)
    ) {
        self.repositories = repositories
        self.ignoresRepositoryErrors = ignoresRepositoryErrors
        self.hasConsent = hasConsent
        self.pause = pause
        self.beat = beat
    }

    /// - Throws: `TaskError`: `.permission` when nobody may install what is missing, `.remote` when it cannot be had, `.formula` for what
    ///   the machine's family cannot install.
    package func prepare(_ wish: EnvironmentWish, _ session: RunSession) async throws {
        let isLocal = session.instance.kind == .local
        let adds = !isLocal && !repositories.isEmpty
        guard adds || !(wish.packages + wish.rpm + wish.deb).isEmpty else { return }
        let answer = try await session.instance.capture(
            InstanceCommand(.script(PackageSystem.question), timeout: .seconds(120)), limit: 1 << 16)
        let words = String(decoding: answer.output, as: UTF8.self)
        let mayChange = !isLocal || hasConsent || words.contains("rights root")
        guard let system = PackageSystem(answer: words) else { return try refuseUnknown(wish, mayChange, session) }
        let packages = wish.packages(for: system.family)
        try refuseImpossible(packages, system)
        if adds { try await addRepositories(system, session) }
        let missing = try await missing(packages, system, session)
        guard !missing.isEmpty else {
            if !packages.isEmpty { session.log.info("packages: all there already") }
            return
        }
        let list = missing.joined(separator: ", ")
        guard mayChange else {
            return session.warn("the task needs packages that are not installed here: \(list); with --local they are installed")
        }
        let privilege = try privilege(system, list, session)
        try await Heartbeat(interval: beat, log: session.log).during("packages: installing") {
            try await install(missing, list, privilege, system, session)
        }
    }

    private func refuseUnknown(_ wish: EnvironmentWish, _ mayChange: Bool, _ session: RunSession) throws {
        let packages = wish.packages + wish.rpm + wish.deb
        guard !packages.isEmpty else {
            return session.warn("\(session.instance.name) has neither dnf, yum nor apt-get: the repositories of minion_repos are not added")
        }
        let list = packages.joined(separator: ", ")
        guard mayChange else {
            return session.warn("the task asks for packages, and nothing here can tell whether they are there: \(list)")
        }
        throw TaskError(
            .remote,
            """
            \(session.instance.name) has neither dnf, yum nor apt-get, so the formula's packages cannot be installed: \(list); \
            use an image of the deb or rpm family, or take the packages out of the formula's environment
            """)
    }

    private func refuseImpossible(_ packages: [String], _ system: PackageSystem) throws {
        let refused = packages.compactMap { package in system.refusal(of: package).map { "\(package) (\($0))" } }
        guard refused.isEmpty else {
            throw TaskError(
                .formula, "environment: these cannot be installed with \(system.manager.rawValue): \(refused.joined(separator: ", "))")
        }
    }

    private func missing(_ packages: [String], _ system: PackageSystem, _ session: RunSession) async throws -> [String] {
        guard !packages.isEmpty else { return [] }
        let command = InstanceCommand(.script(system.missing(packages)), directory: session.taskDirectory, timeout: .seconds(300))
        let found = try await session.instance.capture(command, limit: 1 << 20)
        let names = Set(String(decoding: found.output, as: UTF8.self).split(separator: "\n").map(String.init))
        // Whatever went wrong with asking: installing finds out.
        let missing = found.result.succeeded ? packages.filter(names.contains) : packages
        let paths = system.family == .deb ? missing.filter { $0.hasPrefix("/") } : []
        guard paths.isEmpty else {
            throw TaskError(
                .formula,
                """
                environment: \(paths.joined(separator: ", ")) is not there on \(session.instance.name), and apt cannot install by the path \
                of a file; name the package in environment.deb
                """)
        }
        return missing
    }

    private func privilege(_ system: PackageSystem, _ what: String, _ session: RunSession) throws -> [String] {
        if let privilege = system.privilege { return privilege }
        throw TaskError(
            .permission,
            """
            installing packages on \(session.instance.name) needs root, or sudo without a password; neither is there. Install them \
            yourself: \(what)
            """)
    }

    private func install(
        _ missing: [String], _ list: String, _ privilege: [String], _ system: PackageSystem, _ session: RunSession
    ) async throws {
        session.log.info("packages: installing \(list)")
        let began = ContinuousClock.now
        var notes: [String] = []
        if let refresh = system.refresh {
            let outcome = try await run(privilege + refresh, session)
            // Lists that are there already may do.
            if !outcome.succeeded { notes.append("apt-get update ended with status \(outcome.code): \(outcome.tail)") }
        }
        let ways = system.installs(missing)
        for (number, way) in ways.enumerated() {
            let outcome = try await run(privilege + way, session)
            if outcome.succeeded {
                for note in notes { session.log.warning("packages: \(note)") }
                let seconds = began.duration(to: .now) / .seconds(1)
                session.log.info("packages: installed in \(seconds.formatted(.number.precision(.fractionLength(1)))) s")
                return session.installed(missing)
            }
            let again = number + 1 < ways.count
            if again { session.log.warning("packages: dnf --best failed; trying without it: \(outcome.tail)") }
            if !again {
                let before = notes.isEmpty ? "" : "\n" + notes.joined(separator: "\n")
                throw TaskError(
                    .remote,
                    """
                    packages cannot be installed on \(session.instance.name) (\(system.manager.rawValue) ended with status \
                    \(outcome.code)): \(list)\n\(outcome.tail)\(before)
                    """)
            }
        }
    }

    private func addRepositories(_ system: PackageSystem, _ session: RunSession) async throws {
        for (number, repository) in repositories.enumerated() {
            guard let (command, input) = system.addition(of: repository, number: number + 1) else {
                session.log.debug("repository \(repository) is not for \(system.family.rawValue) machines")
                continue
            }
            let privilege = try privilege(system, "the repository \(repository)", session)
            var outcome = try await add(privilege, command, input, system, session)
            for attempt in 1...3 where !outcome.succeeded {
                session.log.warning("repository \(repository) was not added; trying again in 30 s (\(attempt) of 3): \(outcome.tail)")
                try await pause(.seconds(30))
                outcome = try await add(privilege, command, input, system, session)
            }
            if outcome.succeeded { continue }
            let words = "the repository \(repository) cannot be added on \(session.instance.name) (status \(outcome.code)): \(outcome.tail)"
            guard ignoresRepositoryErrors else { throw TaskError(.remote, words) }
            session.warn(words)
        }
    }

    /// One try; small images lack dnf's plugin for it, which is installed first then.
    private func add(
        _ privilege: [String], _ command: [String], _ input: String?, _ system: PackageSystem, _ session: RunSession
    ) async throws -> Attempt {
        let outcome = try await run(privilege + command, input: input, session)
        guard !outcome.succeeded, let plugin = system.plugin(lackedBy: outcome.tail) else { return outcome }
        session.log.info("packages: installing \(plugin.last ?? "")")
        let added = try await run(privilege + plugin, session)
        return added.succeeded ? try await run(privilege + command, input: input, session) : added
    }

    private struct Attempt {
        var code: Int32
        var tail: String
        var succeeded: Bool { code == 0 }
    }

    /// Into the log with all of it: it is not the task's output.
    private func run(_ words: [String], input: String? = nil, _ session: RunSession) async throws -> Attempt {
        session.log.debug("running \(ShellWord.joined(words))")
        let output = OutputTail(limit: 0)
        let name = words.first { !["sudo", "--non-interactive", "env"].contains($0) && !$0.contains("=") } ?? ""
        let remedy = Mutex<String?>(nil)
        let lines = LogLines { [log = session.log] line in
            log.debug("\(name): \(line)")
            if let found = PackageSystem.remedy(forSignatureIn: line) { remedy.withLock { $0 = $0 ?? found } }
        }
        // The formula's author names files as the task finds them.
        let command = InstanceCommand(
            .arguments(words), directory: session.taskDirectory, input: input.map { .bytes(Array($0.utf8)) } ?? .none,
            silence: session.silence)
        do {
            let result = try await session.instance.run(command) { _, bytes in
                output.append(bytes)
                lines.append(bytes)
            }
            lines.finish()
            // In dnf's own words that is a page of settings.
            return Attempt(code: result.code, tail: remedy.withLock { $0 } ?? output.tail())
        } catch let error as DisposableError where error.code == .silence || error.code == .timeout {
            throw TaskError(.remote, "packages: \(name) on \(session.instance.name) \(error.message)\(output.ending)")
        }
    }
}
