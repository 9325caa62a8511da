import AtollHostPorts
import AtollCommands
import ArgumentParser
import AtollEnvironments
import AtollModel
import AtollPlatform

/// Flags that `init` and `up` share.
struct InitOptions: ParsableArguments {
    @Option(name: .customLong("template-repo-path"), help: "Template repository: a JSON file (default: the shipped one).")
    var templateRepoPath: String?
    @Option(name: .customLong("template-repo-name"), help: "Template repository by name, looked up in --template-repos.")
    var templateRepoName: String?
    @Option(name: .customLong("template-store"), help: "Template store (default: store below the state root).")
    var templateStore: String?
    @Option(name: .customLong("template-repos"), help: "Directory of template repositories (default: repos below the state root).")
    var templateRepos: String?
    @Flag(name: .customLong("set-current"), help: "Make the new prefix the current one.")
    var setCurrent = false
    @Flag(name: .customLong("skip-bootstrap"), help: "Write no identity into any guest.")
    var skipBootstrap = false
    @Flag(name: .customLong("skip-build"), help: "Do not run the build sections.")
    var skipBuild = false
}

/// From flags and words to the request of an init.
enum InitRequests {
    /// - Parameter resuming: a prefix that is made already needs no init file.
    static func make(
        _ session: Session, _ options: InitOptions? = nil, workdir: String? = nil, file: String?, resuming: Bool = false
    ) throws -> InitRequest {
        // As every other verb will find it, so that they share its lock and its leases.
        let directory = Directories.realAncestor(workdir.map(session.absolute) ?? session.locator.defaultWorkdirForInit())
        let label = file ?? defaultFile(session)
        let path = session.absolute(label)
        let isMade = resuming && file == nil && SystemCall.exists(directory + "/" + session.nameForInit + "/initialized")
        guard SystemCall.exists(path) || isMade else {
            throw EnvironmentError(
                .notFound,
                "Unable to find init file: \(path); "
                    + (file == nil
                        ? "name one: atoll \(session.verb) FILE"
                        : "files to copy are in: \((try? session.runtime.share()) ?? "")/init-examples"))
        }
        var variables = session.runtime.environment
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "/"
        variables["LAGO_INITFILE_PATH"] = parent
        variables["LAGO_WORKDIR_PATH"] = directory
        variables["LAGO_PREFIX_PATH"] = directory + "/" + session.nameForInit
        return InitRequest(
            file: label, workdir: directory, prefixName: session.nameForInit, setCurrent: options?.setCurrent ?? false,
            skipBootstrap: options?.skipBootstrap ?? false, skipBuild: options?.skipBuild ?? false, defaults: session.specDefaults,
            variables: variables)
    }

    static func defaultFile(_ session: Session) -> String {
        ["atoll.yaml", "LagoInitFile"].first { SystemCall.exists(session.absolute($0)) } ?? "atoll.yaml"
    }

    /// The session with the template flags of this verb in force.
    static func session(_ session: Session, _ options: InitOptions) -> Session {
        session.withTemplates(
            repoPath: options.templateRepoPath, repoName: options.templateRepoName, repos: options.templateRepos,
            store: options.templateStore)
    }

    /// The command to type next for this prefix, with the flags it needs from here.
    static func next(_ session: Session, _ request: InitRequest, _ verb: String) -> String {
        var words = ["atoll"]
        let found = [".atoll", ".lago"].contains { Directories.real(session.absolute($0)) == request.workdir }
        if !found { words += ["--workdir-path", request.workdir] }
        if Workdir(path: request.workdir).current != request.prefixName { words += ["--prefix-name", request.prefixName] }
        return ShellWord.joined(words) + " " + verb
    }
}
