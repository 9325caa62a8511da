import AtollPlatform

/// The runs whose results are kept, newest first.
public struct RunStore: Sendable, Equatable {
    /// The artifacts directory of the settings.
    public let directory: String

    public init(directory: String) { self.directory = directory }

    /// Every run with a record that can be read.
    public func runs() throws -> [(files: RunFiles, record: RunRecord)] {
        try Directories.list(directory).compactMap { name in
            let files = RunFiles(artifacts: directory, run: name)
            return (try? RunRecord.read(files)).map { (files, $0) }
        }.sorted { ($0.record.started, $0.record.run) > ($1.record.started, $1.record.run) }
    }

    /// The run of that name, or of the only name that begins so; the newest without a name.
    public func find(_ name: String?) throws -> (files: RunFiles, record: RunRecord) {
        if let name, !name.contains("/"), let record = try? RunRecord.read(RunFiles(artifacts: directory, run: name)) {
            return (RunFiles(artifacts: directory, run: name), record)
        }
        let all = try runs()
        guard let name else {
            guard let newest = all.first else {
                throw TaskError(.notFound, "there is no run in \(directory) yet; make one with: atoll run tiny -- uname -a")
            }
            return newest
        }
        let matches = all.filter { $0.record.run.hasPrefix(name) }
        guard let match = matches.first, matches.count == 1 else {
            let known = all.prefix(5).map(\.record.run).joined(separator: ", ")
            throw TaskError(
                .notFound,
                matches.isEmpty
                    ? "there is no run \(name) in \(directory)\(known.isEmpty ? "" : "; the newest are \(known)"). See: atoll results list"
                    : "several runs begin with \(name): \(matches.map(\.record.run).joined(separator: ", "))")
        }
        return match
    }

    /// The runs that were started together last.
    public func lastInvocation() throws -> [(files: RunFiles, record: RunRecord)] {
        let all = try runs()
        guard let invocation = all.first?.record.invocation else { return [] }
        return all.filter { $0.record.invocation == invocation }.reversed()
    }
}
