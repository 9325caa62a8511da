import AtollDirectives
import AtollPlatform
import AtollTaskRuns

/// What makes a run the same as the one it repeats: where it runs must be as it was then; what else differs is worth a warning.
struct Repetition {
    private let files: RunFiles
    private let before: RunRecord

    init(of run: StoredRun) { (files, before) = run }

    /// nil for a run that repeats none, or one whose record is gone.
    init?(_ tasks: TaskSession) {
        guard let run = try? tasks.session.runtime.repeats.map(tasks.store.find) else { return nil }
        self.init(of: run)
    }

    /// Records do not say a mode that was a default then: it may be another one now, and this machine is nothing to be used by mistake.
    /// - Parameter mode: `local`, `ssh` or `libvirt`.
    func check(mode: String) throws(UsageError) {
        guard mode != before.mode else { return }
        let remedy =
            before.mode == "ssh"
            ? "start it anew with --ssh \(before.target)" : "type: TASKOTRON_RUNTASK_MODE=\(before.mode) atoll rerun \(before.run)"
        throw UsageError("\(before.run) ran with the mode \(before.mode), and this would run with \(mode); \(remedy)")
    }

    /// Whether the formula is another one than it was.
    func formulaDifference(_ record: RunRecord) -> String? {
        guard let digest = record.formulaDigest, let old = before.formulaDigest, digest != old else { return nil }
        let kept = SystemCall.exists(files.formula) ? "; what ran then is kept as \(files.formula)" : ""
        return "the formula \(record.formula ?? "") is not what it was when \(before.run) ran\(kept)"
    }

    /// Whether it stood on another image.
    func imageDifference(_ record: RunRecord) -> String? {
        guard let image = record.image, let old = before.image else { return nil }
        if image != old { return "this ran on the image \(image), and \(before.run) on \(old)" }
        guard let digest = record.imageDigest, let oldDigest = before.imageDigest, digest != oldDigest else { return nil }
        return "the image \(image) is not what it was when \(before.run) ran: \(digest.prefix(12)), then \(oldDigest.prefix(12))"
    }
}

/// The variables of a run's process that decide what it does and that no option stands for: they go into its record.
enum RunEnvironment {
    /// Those of them that are set. Addresses with a password in them are left out, as all secrets are.
    static func recorded(_ environment: [String: String]) -> [String: String]? {
        var found: [String: String] = [:]
        for option in TaskOption.all where option.decidesRuns {
            let name = option.variable
            guard let value = environment[name], !mayHoldSecret(value) else { continue }
            found[name] = value
        }
        return found.isEmpty ? nil : found
    }

    /// An address with a password, or one of the web with a query, where tokens and signatures are. Other queries say where something is:
    /// `qemu:///system?socket=PATH`.
    static func mayHoldSecret(_ value: String) -> Bool {
        !URLCredentials.secrets(in: value).isEmpty
            || value.contains(/https?:\/\/\S*\?/.ignoresCase())
    }
}

extension RunRecord.Request {
    /// The words for a shell that run it again.
    var words: [String] {
        let variables = (environment ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return (variables.isEmpty ? [] : ["env"] + variables) + ["atoll"] + arguments
    }
}

extension GlobalOptions {
    /// Those that change what a task run does, as they were given. Passwords are in no record.
    var taskWords: [String] {
        [
            ("accel", accel), ("libvirt_url", libvirtURL), ("libvirt-user", libvirtUser), ("lease_dir", leaseDir),
            ("ssh-timeout", sshTimeout.map { "\($0.value)" }),
        ].compactMap { name, value in value.flatMap { RunEnvironment.mayHoldSecret($0) ? nil : "--\(name)=\($0)" } }
    }

    /// With what `other` says of those where nothing is said here.
    func completed(by other: GlobalOptions) -> GlobalOptions {
        var all = self
        all.accel = accel ?? other.accel
        all.libvirtURL = libvirtURL ?? other.libvirtURL
        all.libvirtUser = libvirtUser ?? other.libvirtUser
        all.leaseDir = leaseDir ?? other.leaseDir
        all.sshTimeout = sshTimeout ?? other.sshTimeout
        return all
    }
}
