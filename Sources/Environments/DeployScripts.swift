import AtollInitFile
import AtollModel
import OrderedCollections

/// The deploy scripts of an environment: which host files they are, and what they are called in the prefix (spec 3.1).
struct DeployScripts {
    var variables: [String: String]

    /// One entry per distinct script.
    func files(of environment: Environment) -> [(source: String, name: String)] {
        var seen: Set<String> = []
        return environment.machines.values.flatMap(\.spec.deployScripts).compactMap { written in
            let path = Expansion.expand(written, variables: variables)
            guard seen.insert(path).inserted else { return nil }
            return (path, path.split(separator: "/", omittingEmptySubsequences: false).joined(separator: "_"))
        }
    }
}
