import ArgumentParser
import AtollEnvironments
import AtollInitFile
import AtollModel
import AtollPlatform
import OrderedCollections

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

struct InitVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make a prefix from an init file.",
        usage: "atoll init [WORKDIR] [INITFILE] [--dry-run] [options]",
        discussion: """
            With one argument, that is the init file. Without any, it is atoll.yaml, else LagoInitFile, in the current directory.

            Examples:
              atoll init .atoll init-examples/two-vms.yaml
              atoll -f json init --dry-run .atoll init-examples/two-vms.yaml
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var options: InitOptions
    @Flag(name: .customLong("dry-run"), help: "Change nothing; print the resolved networks and addresses.")
    var dryRun = false
    var printsEvents: Bool { !dryRun }
    @Argument(help: "[WORKDIR] INITFILE") var words: [String] = []

    func execute(_ session: Session) async throws {
        guard words.count <= 2 else { throw UsageError("init takes a workdir and an init file at the most; see atoll init --help") }
        let request = try InitRequests.make(session, options, workdir: words.count == 2 ? words[0] : nil, file: words.last)
        if dryRun { return try await DryRun.show(InitRequests.session(session, options), request) }
        let session = InitRequests.session(session, options)
        let context = try session.context(logs: request.files)
        let environment = try await InitUseCase(host: try session.host(), context: context).run(request)
        let next = InitRequests.next(session, request, "start")
        session.finish(
            "done",
            [
                "prefix": .string(request.files.path), "uuid": .string(environment.id.hex),
                "vms": Addresses.document(environment.machines.values),
                "next": .string(next),
            ], text: "Initialized \(request.files.path): \(Addresses.count(environment)). Next: \(next)")
    }
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
        return ShellWords.join(words) + " " + verb
    }
}
