public import AtollModel
import AtollPlatform

/// `up`: init if needed, start, wait until every VM answers. Three plans, each of which is complete in itself: an `up` that was
/// ended half way goes on where it was.
public struct UpUseCase: Sendable {
    private let host: Host
    private let context: VerbContext

    public init(host: Host, context: VerbContext) {
        self.host = host
        self.context = context
    }

    /// - Parameter timeout: for each VM to answer.
    public func run(_ request: InitRequest, timeout: Duration?) async throws -> Environment {
        if !SystemCall.exists(request.files.marker) { _ = try await InitUseCase(host: host, context: context).run(request) }
        _ = try await StartUseCase(host: host, context: context).run(request.files, machines: [])
        return try await WaitUseCase(host: host, context: context).run(request.files, machines: [], timeout: timeout)
    }
}
