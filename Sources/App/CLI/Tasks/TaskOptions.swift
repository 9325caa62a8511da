import ArgumentParser
import AtollResults

/// Flags that `run` and `runtask` share.
struct TaskOptions: ParsableArguments {
    @Option(name: .customLong("uuid"), help: "Name of the run (default: the time in UTC).") var uuid: String?
    @Option(
        name: .customLong("exclude"),
        help: ArgumentHelp(
            "What of the directory is not copied: a name (.git, '*.o') or, with a slash, a path in it (build/*.log); may be given several times.",
            valueName: "pattern"))
    var exclude: [String] = []
    @Option(name: .customLong("memory"), help: "MiB of memory of the VM.") var memory: Positive?
    @Option(name: .customLong("cpus"), help: "Processors of the VM.") var cpus: Positive?
    @Option(name: .customLong("disk"), help: "Least size of the VM's disk, in GiB.") var disk: Positive?
    @Option(
        name: .customLong("egress"), help: "What the VM reaches: outside (all but this host), on, off, or hosts with commas.",
        completion: .list(["on", "off"]))
    var egress: String?
    @Flag(name: .customLong("no-destroy"), help: "Keep the VM after the run, and say how to reach it.") var noDestroy = false
    @Option(
        name: .customLong("keep-on"), help: "Keep the VM when the run ends so: failure, always, or outcomes (FAILED,CRASHED).",
        completion: .list(["failure", "always", "never"] + Outcome.allCases.map(\.rawValue)))
    var keepOn: String?
    @Option(
        name: .customLong("keep-for"), help: "How long a kept VM lives, as 90s, 10m or 2h (default: 2h); atoll gc removes it then.",
        transform: Seconds.parsed)
    var keepFor: Positive?
    @Option(
        name: .customLong("timeout"),
        help: "How long the task's own work may take, once its machine is up, as 90s, 10m or 1h30m (default: no limit).",
        transform: Seconds.parsed)
    var timeout: Positive?
    @Option(
        name: .customLong("silence"), help: "How long the task may write nothing, as 90s, 10m or 2h (default: 15m).",
        transform: Seconds.parsed)
    var silence: Positive?
    @Flag(name: [.customShort("d"), .customLong("debug")], help: "Show everything the log file gets.") var debug = false

    /// As they were given, but for the uuid, which a repetition has of its own.
    var words: [String] {
        func option(_ name: String, _ value: Int?) -> [String] { value.map { ["--\(name)=\($0)"] } ?? [] }
        func option(_ name: String, _ value: String?) -> [String] { value.map { ["--\(name)=\($0)"] } ?? [] }
        return exclude.map { "--exclude=\($0)" } + option("memory", memory?.value) + option("cpus", cpus?.value)
            + option("disk", disk?.value) + option("egress", egress)
            + (noDestroy ? ["--no-destroy"] : []) + option("keep-on", keepOn) + option("keep-for", keepFor?.value)
            + option("timeout", timeout?.value) + option("silence", silence?.value) + (debug ? ["--debug"] : [])
    }
}
