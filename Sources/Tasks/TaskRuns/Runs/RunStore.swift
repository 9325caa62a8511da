package import AtollDirectives
import AtollPlatform
import Foundation

/// The runs whose results are kept, newest first.
package struct RunStore: Sendable, Equatable {
    /// The artifacts directory of the settings.
    package let directory: String

    package init(directory: String) { self.directory = directory }

    /// Every run with a record that can be read.
    package func runs() throws -> [(files: RunFiles, record: RunRecord)] {
        try Directories.list(directory).compactMap { name in
            let files = RunFiles(artifacts: directory, run: name)
            return (try? RunRecord.read(files)).map { (files, $0) }
        }.sorted { ($0.record.started, $0.record.run) > ($1.record.started, $1.record.run) }
    }

    /// The run of that name, or of the only name that begins so; the newest without a name.
    package func find(_ name: String?) throws -> (files: RunFiles, record: RunRecord) {
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
        // No name at all, as of a variable that is not set, is every name's beginning.
        let matches = name.isEmpty ? [] : all.filter { $0.record.run.hasPrefix(name) }
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

    /// The run of that very name.
    package func find(exactly name: String) throws -> (files: RunFiles, record: RunRecord) {
        let found = try find(name)
        guard found.record.run == name else {
            throw TaskError(.notFound, "there is no run \(name) in \(directory); \(found.record.run) begins so: write it in full")
        }
        return found
    }

    /// All runs that were started together with that one, in the order they were numbered.
    package func together(with name: String?) throws -> [(files: RunFiles, record: RunRecord)] {
        let invocation = try find(name).record.invocation
        return try runs().filter { $0.record.invocation == invocation }.sorted {
            $0.record.run.compare($1.record.run, options: .numeric) == .orderedAscending
        }
    }

    /// The last run that repeated that one; nil when none did.
    package func newest(repeating run: String) throws -> RunRecord? { try runs().first { $0.record.repeats == run }?.record }
}
