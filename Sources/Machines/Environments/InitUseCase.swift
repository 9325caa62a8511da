import AtollCommands
import AtollHostPorts
import AtollClaims
import AtollGuestAccess
package import AtollModel
import AtollPlanning
import AtollPlatform
import Foundation
import Glibc

/// `init`: an init file becomes a prefix. First the templates come into the store, which touches nothing of the prefix; then
/// one plan makes the prefix, and takes all of it back when any step fails.
package struct InitUseCase: Sendable {
    let host: Host
    let context: VerbContext

    package init(host: Host, context: VerbContext) {
        self.host = host
        self.context = context
    }

    /// Makes the prefix.
    /// - Throws: `InvalidInput` with everything wrong with the init file; `EnvironmentError`; `PlanFailure`.
    package func run(_ request: InitRequest) async throws -> Environment {
        try host.stateRoot.prepare()
        let files = request.files
        try Self.checkName(request.prefixName)
        try Self.checkPlace(request.workdir)
        let lock = try await PrefixLock.acquire(files, root: host.stateRoot, context: context)
        defer { lock.release() }
        var resolution = try await check(request)
        for warning in resolution.warnings { context.note("\(warning)") }
        try await clearLeftovers(request)
        let images = try await fetchTemplates(resolution)
        // Those that were in the store before have been looked at.
        let misfits = await ImageFit(variables: request.variables, templates: host.templates).findings(resolution.spec, as: .error)
        guard misfits.isEmpty else { throw InvalidInput(misfits) }
        // Another init may take a subnet between our look at the lease store and our claim: look again then, a bounded number of times.
        for _ in 0..<100 {
            let layout = DiskLayout(host: host, request: request, images: images)
            let environment = try await layout.filled(resolution.environment)
            do {
                try await makePrefix(environment, request)
                return environment
            } catch let failure as PlanFailure where failure.signal == nil && failure.failed.allSatisfy({ Self.isLostRace($0) }) {
                context.note("another init took a subnet first; choosing another")
                resolution = try await resolve(request)
            }
        }
        throw EnvironmentError(.hostFailure, "other processes keep taking subnets from \(host.leases.directory); try again")
    }

    static func checkName(_ name: String) throws {
        let allowed = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
        guard allowed, !name.isEmpty, name.utf8.count <= 100, !name.hasPrefix("."), name != "current" else {
            throw EnvironmentError(
                .refused,
                "\"\(name)\" cannot be a prefix name: use letters, digits, '.', '_' and '-', at most 100 of them, not starting with a dot, and not \"current\""
            )
        }
    }

    /// Before any template is fetched or built: can the workdir be made and written at all?
    static func checkPlace(_ workdir: String) throws {
        var place = workdir
        while !SystemCall.exists(place), let slash = place.lastIndex(of: "/") {
            place = slash == place.startIndex ? "/" : String(place[..<slash])
        }
        guard SystemCall.isDirectory(place) else {
            throw EnvironmentError(
                .refused, "\(place) is no directory, so the workdir \(workdir) cannot be made; name another: atoll init WORKDIR FILE")
        }
        guard access(place, W_OK | X_OK) == 0 else {
            throw EnvironmentError(
                .refused,
                "\(place) cannot be written: \(String(cString: strerror(errno))); the workdir \(workdir) belongs there. "
                    + "Name another: atoll init WORKDIR FILE")
        }
    }

    private static func isLostRace(_ failed: PlanFailure.Failed) -> Bool {
        failed.id.hasPrefix("lease:") && (failed.error as? ClaimError)?.code == .taken
    }

    func resolve(_ request: InitRequest) async throws -> Resolution {
        let found = try await examine(request, note: { _ in })
        guard let environment = found.environment else { throw InvalidInput(found.findings) }
        return Resolution(spec: found.spec, environment: environment, warnings: found.findings)
    }

    private func examine(_ request: InitRequest, note: (String) -> Void) async throws -> Resolution.Examination {
        let (networks, domains) = (try await host.networks.networks(), try await host.domains.domains())
        for warning in networks.compactMap(\.warning) + domains.compactMap(\.warning) { note(warning) }
        let taken = try Resolution.takenStarts(registry: host.registry, domains: domains, networks: networks)
        var generator = SystemRandomNumberGenerator()
        return try Resolution.examine(
            file: request.file, defaults: request.defaults, leases: host.leases, routes: host.routes(), networks: networks, taken: taken,
            generator: &generator)
    }

    /// The resolution of a file that has nothing wrong in it, and names nothing that is missing: on that only a real init insists.
    private func check(_ request: InitRequest) async throws -> Resolution {
        let found = try await examine(request, note: context.note)
        var missing = await ReferenceCheck(variables: request.variables, templates: host.templates).findings(found.spec, as: .error)
        missing += await HardwareCheck(host.hardware).findings(found.spec, as: .error)
        let all = found.findings(and: missing)
        guard let environment = found.environment, all.allSatisfy({ $0.severity != .error }) else { throw InvalidInput(all) }
        return Resolution(spec: found.spec, environment: environment, warnings: all)
    }

    /// An interrupted init leaves a directory without marker: it is removed, so that the same command works again. Anything else stays.
    private func clearLeftovers(_ request: InitRequest) async throws {
        let files = request.files
        guard SystemCall.exists(files.path) else {
            guard let id = try host.registry.find(path: files.path)?.id else { return }
            let remains = try await PrefixHome.remains(of: id, host: host)
            guard remains.isEmpty else {
                throw EnvironmentError(
                    .exists,
                    "the directory of an earlier prefix at \(files.path) is gone, but not what it made: \(remains.joined(separator: ", ")). "
                        + "Remove that with: atoll --prefix-path \(ShellWord.quoted(files.path)) destroy --yes; or, if you moved the directory, run a verb there"
                )
            }
            // Killed after it registered and before it made the directory.
            try host.registry.remove(id)
            return
        }
        if SystemCall.exists(files.marker) {
            throw EnvironmentError(
                .exists,
                "Prefix with name \(request.prefixName) already exists in workdir \(request.workdir). Start it with: atoll start; "
                    + "remove it with: atoll destroy; or make another with: atoll --prefix-name NAME init")
        }
        let entry = try host.registry.find(path: files.path)
        let isOurs = try entry != nil && (files.isPrefix ? files.id == nil || files.id == entry?.id : Self.isBare(files))
        guard isOurs else {
            throw EnvironmentError(
                .exists, "\(files.path) exists and is no prefix; it is left alone. Move it away, or choose another workdir or prefix name")
        }
        context.note("an earlier init of \(files.path) did not finish; removing what it left")
        let journal = SystemCall.isDirectory(files.own) ? try Journal(path: files.journal, verb: context.verb) : nil
        try await DestroyUseCase(host: host, context: context).remove(files, workdir: nil, journal: journal)
    }

    /// Whether nothing is in the directory but what an init makes first: it was killed between that and its journal.
    private static func isBare(_ files: PrefixFiles) throws -> Bool {
        try Directories.list(files.path).allSatisfy { $0 == ".atoll" } && Directories.list(files.own).isEmpty
    }

    func fetchTemplates(_ resolution: Resolution) async throws -> DiskLayout.Images {
        let wanted = DiskLayout.templates(of: resolution.environment)
        let steps = wanted.map { wish in
            Step(
                "template:\(wish)", "get template \(wish)", patience: .cancel,
                observe: { [host] in
                    let stored = try await host.templates.stored(template: wish.name, version: wish.version)
                    return stored.map { .done("\($0.name) is in the store") } ?? .absent
                },
                apply: { [host] progress in
                    _ = try await host.templates.fetch(template: wish.name, version: wish.version) { progress.report($0, $1) }
                })
        }
        if !steps.isEmpty { try await context.run(try Plan("Get templates", onFailure: .keep, steps: steps), journal: nil) }
        var images: DiskLayout.Images = [:]
        for wish in wanted {
            guard let image = try await host.templates.stored(template: wish.name, version: wish.version) else {
                throw EnvironmentError(
                    .hostFailure, "template \(wish) vanished from the store while it was being used; run the command again")
            }
            for note in image.notes { context.note("warning: \(note)") }
            images[wish] = image
        }
        return images
    }

    private func makePrefix(_ environment: Environment, _ request: InitRequest) async throws {
        let files = request.files
        let workdirExisted = SystemCall.exists(request.workdir)
        try host.registry.register(
            RegisteredPrefix(
                path: files.path, id: environment.id, created: Date.now, pid: getpid(), verb: context.verb,
                leaseDirectory: host.leases.directory, state: .initializing))
        do {
            try Directories.make(files.path)
            try Directories.make(files.own, mode: 0o750)
            let journal = try Journal(path: files.journal, verb: context.verb)
            try await context.run(try InitPlan(host: host, request: request, environment: environment).plan(), journal: journal)
        } catch let crash as Abandonment {
            throw crash
        } catch {
            let leftBehind = (error as? PlanFailure).map { !$0.notUndone.isEmpty } ?? false
            if !leftBehind {
                try? Directories.removeTree(files.path)
                if workdirExisted { try? Workdir(path: request.workdir).tidy() } else { try? removeWorkdir(request.workdir) }
                try? host.registry.remove(environment.id)
                if var failure = error as? PlanFailure {
                    // What has no undo of its own went with the directory.
                    failure.kept = []
                    throw failure
                }
            }
            throw error
        }
    }

    /// A workdir that this init made goes with its only prefix.
    private func removeWorkdir(_ path: String) throws {
        try Workdir(path: path).tidy()
        if SystemCall.isDirectory(path), try Directories.list(path).isEmpty { try Directories.removeTree(path) }
    }
}
