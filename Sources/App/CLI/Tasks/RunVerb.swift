import AtollCommands
import ArgumentParser
import AtollFormula
import AtollGuestAccess
import AtollPlatform
import AtollTaskRuns
import Foundation

struct RunVerb: TaskVerb {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a command in a fresh VM, and throw the VM away.",
        usage: "atoll run [options] IMAGE [--] COMMAND...",
        discussion: """
            The current directory is copied into the VM, whole but for what --exclude names, and the command runs there. COMMAND and \
            its arguments are passed unchanged, without a shell: pipes and variables need sh -c. What it puts into $ARTIFACTS comes \
            back. The exit code is the command's; 102 says that the VM or the image failed, 103 that a time limit passed, 128 + n that signal n ended it.

            Examples:
              atoll run tiny -- uname -a
              atoll run debian-12 -- ./test.sh
              atoll run tiny -- sh -c 'dmesg | tail -5 > $ARTIFACTS/log'
              atoll run --exclude .git --exclude build debian-12 -- ./test.sh
              atoll run --count 10 -j 2 tiny -- ./flaky.sh
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var options: TaskOptions
    @Option(name: .customLong("push"), help: "Directory to copy into the VM (default: the current one).", completion: .directory)
    var push: String?
    @Flag(name: .customLong("no-push"), help: "Copy nothing into the VM.") var noPush = false
    @Option(name: .customLong("count"), help: "Run it so many times, each in a VM of its own; -j says how many at once.") var count:
        Positive?
    @Argument(help: "A template, or the path of a qcow2 image.", completion: .custom(TemplateCompletion.complete)) var image: String
    @Argument(parsing: .captureForPassthrough, help: "The command and its arguments.") var command: [String] = []

    func execute(_ session: Session, stop: Overlord.Stop) async throws {
        if let first = command.first, first.hasPrefix("-"), first != "--" {
            throw UsageError(
                "\(first) stands after the image, where the command begins; options come before it: atoll run \(ShellWord.quoted(first)) … \(ShellWord.quoted(image)) -- COMMAND"
            )
        }
        let words = command.first == "--" ? Array(command.dropFirst()) : command
        guard !words.isEmpty else { throw UsageError("say what to run: atoll run \(ShellWord.quoted(image)) -- COMMAND") }
        let tasks = try TaskSession.forRuns(session)
        let directory = noPush ? nil : session.absolute(push ?? ".")
        if let directory, !SystemCall.isDirectory(directory) { throw UsageError("--push: \(directory) is no directory") }
        let base = options.uuid ?? RunIdentifier.make(at: Date())
        guard RunIdentifier.isUsable(base) else { throw UsageError("--uuid: \"\(base)\" cannot name files") }
        let names = try RunIdentifier.names(base, count: count?.value ?? 1)
        let places = try TaskPlaces(tasks, options, stop: stop)
        let work = CommandWork(words, localDirectory: directory)
        let place = try places.machine(image: image)
        let again =
            ["run"] + global.taskWords + options.words + (noPush ? ["--no-push"] : push.map { ["--push=\($0)"] } ?? []) + [image, "--"]
            + words
        let request = RunRecord.Request(
            verb: "run", arguments: again, directory: session.runtime.workingDirectory,
            environment: RunEnvironment.recorded(session.runtime.environment))
        let jobs = zip(1..., names).map { number, name in
            TaskLauncher.Job(run: name, label: names.count == 1 ? nil : "\(number)", work: work, place: place, request: request)
        }
        let launcher = try TaskLauncher(tasks, options, places, stop: stop, invocation: base)
        try await launcher.run(jobs, atOnce: global.runsAtOnce)
    }
}
