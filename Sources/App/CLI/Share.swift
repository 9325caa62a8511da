import AtollHostPorts
import AtollPlatform

/// The directory that holds `templates/` and `init-examples/`: beside the program's real path, or where `ATOLL_SHARE` says.
package enum Share {
    /// - Throws: `.notFound` naming every place that was looked at.
    package static func directory(_ environment: [String: String]) throws -> String {
        var candidates: [String] = []
        if let named = environment["ATOLL_SHARE"], !named.isEmpty {
            candidates.append(Directories.absolute(named, relativeTo: Directories.working()))
        }
        let program = Directories.real("/proc/self/exe")
        let binary = program.lastIndex(of: "/").map { String(program[..<$0]) } ?? "/"
        candidates += ["\(binary)/..", "\(binary)/../share/atoll"].map { Directories.absolute($0, relativeTo: "/") }
        if let found = candidates.first(where: { SystemCall.isDirectory($0 + "/templates") }) { return found }
        throw EnvironmentError(
            .notFound,
            "the shipped templates are not found; looked in: \(candidates.joined(separator: ", ")). Set ATOLL_SHARE to the directory that holds templates/"
        )
    }
}
