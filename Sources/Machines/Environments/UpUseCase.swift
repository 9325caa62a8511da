import AtollHostPorts
package import AtollModel
package import AtollPlanning
import AtollPlatform

/// `up`: init if needed, start, wait until every VM answers. Three plans, each of which is complete in itself: an `up` that was
/// ended half way goes on where it was.
package struct UpUseCase: Sendable {
    private let host: Host
    private let context: VerbContext

    package init(host: Host, context: VerbContext) {
        self.host = host
        self.context = context
    }

    /// - Parameter timeout: for each VM to answer.
    /// - Throws: `.exists` when the prefix was made from another init file than the one that is there now.
    package func run(_ request: InitRequest, timeout: Duration?) async throws -> Environment {
        if SystemCall.exists(request.files.marker) {
            try checkFile(request)
        } else {
            do { _ = try await InitUseCase(host: host, context: context).run(request) } catch let error as EnvironmentError
                where error.code == .exists
            {
                // Another `up` was first, and ours waited for it: what it made is what was asked for.
                guard SystemCall.exists(request.files.marker) else { throw error }
                try checkFile(request)
            }
        }
        _ = try await StartUseCase(host: host, context: context).run(request.files, machines: [])
        return try await WaitUseCase(host: host, context: context).run(request.files, machines: [], timeout: timeout)
    }

    /// What is left to do of a prefix that is made; nil when there is none yet.
    /// - Throws: as `run`.
    package func preview(_ request: InitRequest) async throws -> [PlannedStep]? {
        guard SystemCall.exists(request.files.marker) else { return nil }
        try checkFile(request)
        return try await StartUseCase(host: host, context: context).preview(request.files, machines: [])
    }

    /// An `up` that names one environment must never bring up another. Prefixes that do not know their file (Lago's) are taken as they are.
    private func checkFile(_ request: InitRequest) throws {
        guard let made = try? AtomicFile.text(request.files.initFileDigest, limit: 200), let now = try? AtomicFile.read(request.file) else {
            return
        }
        guard made.split(separator: "\n").first.map(String.init) != Digest.sha256(now) else { return }
        throw EnvironmentError(
            .exists,
            "\(request.files.path) was made from another init file, or \(request.file) has changed since. Go on with it as it is: atoll start; "
                + "make it anew: atoll destroy, then this again; or make another beside it: atoll --prefix-name NAME up \(request.file)")
    }
}
