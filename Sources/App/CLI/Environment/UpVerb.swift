import AtollCommands
import AtollHostPorts
import ArgumentParser
import AtollEnvironments
import AtollGuestAccess
import AtollModel
import OrderedCollections

struct UpVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Init if needed, start, and wait until every VM answers.",
        usage: "atoll up [INITFILE] [--dry-run] [options]",
        discussion: """
            Run it again after an interruption or a failure: it goes on where it was. With --dry-run it says what init would make, or, \
            when that is done, what start would do.

            Examples:
              atoll up init-examples/two-vms.yaml
              atoll up --dry-run init-examples/two-vms.yaml
              atoll -f json up init-examples/two-vms.yaml
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var options: InitOptions
    @Flag(name: .customLong("dry-run"), help: "Change nothing; print the resolved networks and addresses, or the steps of start.")
    var dryRun = false
    var printsEvents: Bool { !dryRun }
    @Option(name: .customLong("timeout"), help: "Seconds to wait for each VM (default: its boot_time_sec, 600, times 4 under tcg).")
    var timeout: Positive?
    @Option(name: .customLong("wait-for"), help: "When a VM is ready: ssh or cloud-init (default: the VM's 'wait').")
    var waitFor: ReadyCondition?
    @Argument(help: "The init file (default: atoll.yaml, else LagoInitFile).", completion: .file()) var file: String?

    func execute(_ session: Session) async throws {
        let request = try InitRequests.make(session, options, file: file, resuming: true)
        let session = InitRequests.session(session, options)
        let useCase = UpUseCase(host: try session.host(), context: try session.context(logs: dryRun ? nil : request.files))
        if dryRun {
            guard let steps = try await useCase.preview(request) else { return try await DryRun.show(session, request) }
            return session.show(steps)
        }
        let environment = try await useCase.run(request, timeout: timeout.map { .seconds($0.value) }, condition: waitFor)
        let next = InitRequests.next(session, request, "shell") + (environment.machines.keys.first.map { " " + ShellWord.quoted($0) } ?? "")
        var table = TextTable(["VM", "ADDRESS", "STATE", "ACCESS"])
        for machine in environment.machines.values {
            table.add([
                machine.name, machine.address.map { "\($0)" } ?? "-", "ready",
                InitRequests.next(session, request, machine.acceptsOurLogin ? "shell" : "console") + " " + ShellWord.quoted(machine.name),
            ])
        }
        session.finish(
            "ready",
            ["prefix": .string(request.files.path), "vms": Addresses.document(environment.machines.values), "next": .string(next)],
            text: "READY. Next: \(next)\n\(table.text)")
    }
}
