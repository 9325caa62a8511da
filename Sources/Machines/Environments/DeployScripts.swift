import AtollDocuments
import AtollModel
import OrderedCollections

/// The deploy scripts of an environment: which host files they are, and what they are called in the prefix (spec 3.1).
struct DeployScripts {
    var variables: [String: String]

    /// One entry per distinct script.
    func files(of environment: Environment) -> [(source: String, name: String)] {
        var seen: Set<String> = []
        return environment.machines.values.flatMap(\.spec.deployScripts).compactMap { written in
            let path = source(written)
            guard seen.insert(path).inserted else { return nil }
            return (path, Self.name(path))
        }
    }

    /// The host file, as the init file names it.
    func source(_ written: String) -> String { Expansion.expandPath(written, variables: variables) }

    /// `_srv_setup.sh` for `/srv/setup.sh`. Two files may come to the same name; the prefix can hold one of them.
    static func name(_ source: String) -> String { source.split(separator: "/", omittingEmptySubsequences: false).joined(separator: "_") }
}
