import AtollHostPorts
import ArgumentParser
import AtollEnvironments
import AtollModel
import OrderedCollections

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
