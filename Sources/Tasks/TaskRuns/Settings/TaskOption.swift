/// One key of `taskotron.yaml`.
package struct TaskOption: Sendable {
    /// The type of its value, and where it is kept.
    package enum Kind: Sendable {
        case profile
        case text(any WritableKeyPath<TaskSettings, String> & Sendable)
        case flag(any WritableKeyPath<TaskSettings, Bool> & Sendable)
        case number(any WritableKeyPath<TaskSettings, Int> & Sendable)
        /// Seconds, which may be written as a time: `10m`.
        case seconds(any WritableKeyPath<TaskSettings, Int> & Sendable)
        case list(any WritableKeyPath<TaskSettings, [String]> & Sendable)
    }
    package var key: String
    package var kind: Kind
    /// One sentence without its full stop.
    package var help: String
    /// Not to be shown.
    package var isSecret = false
    /// Loses its trailing slashes.
    var isURL = false
    /// An absolute path.
    var isDirectory = false
    /// The words it may be; empty for any text.
    var words: [String] = []
    var minimum = 0
    /// A list that may be written as the one word it has.
    var isWordToo = false
    /// What there would have to be for it to have an effect; nil where it has one.
    package var awaits: String?
    /// It decides what a run does, where it is not said by a flag: a repetition has it as it was. Where runs leave their things, and how much
    /// room there is for them, are matters of the host.
    package var decidesRuns = false

    private init(
        _ key: String, _ kind: Kind, _ help: String, secret: Bool = false, url: Bool = false, directory: Bool = false, words: [String] = [],
        minimum: Int = 0, wordToo: Bool = false, awaits: String? = nil, decidesRuns: Bool = false
    ) {
        self.key = key
        self.kind = kind
        self.help = help
        isSecret = secret
        isURL = url
        isDirectory = directory
        self.words = words
        self.minimum = minimum
        isWordToo = wordToo
        self.awaits = awaits
        self.decidesRuns = decidesRuns
    }

    private static let fedora = "the Koji and Bodhi clients"
    private static let vault = "a client of vaults"

    /// Level names of the logs.
    package static let levels = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]

    /// What messages call the type.
    var expected: String {
        switch kind {
        case .profile: "text: " + Profile.allCases.map(\.rawValue).joined(separator: ", ")
        case .text where isDirectory: "text: the absolute path of a directory"
        case .text: words.isEmpty ? "text" : "text: " + words.joined(separator: ", ")
        case .flag: "true or false"
        case .number: "a whole number of at least \(minimum)"
        case .seconds: TaskDuration.examples
        case .list: isWordToo ? "a word or a list of words" : "a list of texts"
        }
    }

    /// The environment variable that beats the file.
    package var variable: String { TaskSettings.prefix + key.uppercased() }

    /// The option of that key.
    package static func named(_ key: String) -> TaskOption? { all.first { $0.key == key } }

    /// Every key, in the order of the generated file.
    package static let all: [TaskOption] = [
        TaskOption("profile", .profile, "which defaults to start from: development, production or testing", decidesRuns: true),
        TaskOption(
            "runtask_mode", .text(\.runtaskMode), "where tasks run when no flag says it: local, or libvirt for a disposable VM",
            words: ["local", "libvirt"]),
        TaskOption(
            "default_image", .text(\.defaultImage), "template or image of a disposable VM when nothing asks for another one",
            decidesRuns: true),
        TaskOption(
            "imagesdir", .text(\.imagesdir), "where images are found by name, YYMMDD_HHMM-DISTRO-RELEASE-FLAVOR-ARCH.qcow2",
            directory: true, decidesRuns: true),
        TaskOption("force_imageurl", .flag(\.forceImageurl), "always use imageurl instead of looking for an image", decidesRuns: true),
        TaskOption("imageurl", .text(\.imageurl), "the image that force_imageurl means", url: true, decidesRuns: true),
        TaskOption(
            "default_disposable_distro", .text(\.defaultDisposableDistro), "distribution of an image where nothing says it",
            decidesRuns: true),
        TaskOption(
            "default_disposable_release", .text(\.defaultDisposableRelease), "release of an image where nothing says it, as text",
            decidesRuns: true),
        TaskOption(
            "default_disposable_flavor", .text(\.defaultDisposableFlavor), "flavor of an image where nothing says it", decidesRuns: true),
        TaskOption(
            "default_disposable_arch", .text(\.defaultDisposableArch), "architecture of an image where nothing says it", decidesRuns: true),
        TaskOption(
            "egress", .text(\.egress),
            "what a task's VM may reach: outside (all but this host), on, off, or hosts with commas between them", decidesRuns: true),
        TaskOption(
            "spawn_vm_retries", .number(\.spawnVMRetries), "how often a VM is started before the run is given up", minimum: 1,
            decidesRuns: true),
        TaskOption(
            "inactivity_timeout", .seconds(\.inactivityTimeout),
            "silence after which a task is given up, as 900, 90s, 15m or 2h; 0 for no limit", decidesRuns: true),
        TaskOption(
            "task_timeout", .seconds(\.taskTimeout), "what a task may take in all, as 900, 90s, 15m or 2h; 0 for no limit",
            decidesRuns: true),
        TaskOption(
            "keep_on", .list(\.keepOn), "when the VM is kept for a look: never, failure, always, or outcomes such as [FAILED, CRASHED]",
            wordToo: true, decidesRuns: true),
        TaskOption(
            "keep_for", .seconds(\.keepFor), "how long a kept VM stays before atoll gc removes it, as 900, 90s, 15m or 2h",
            decidesRuns: true),
        TaskOption(
            "capacity_memory_mib", .number(\.capacityMemoryMiB), "memory all VMs together may have, in MiB; 0 for what the host has"),
        TaskOption("capacity_cpus", .number(\.capacityCPUs), "processors all VMs together may have; 0 for what the host has"),
        TaskOption("capacity_disk_gib", .number(\.capacityDiskGiB), "disk space all VMs together may fill, in GiB; 0 for what is free"),
        TaskOption("capacity_subnets", .number(\.capacitySubnets), "networks all runs together may have; 0 for as many as can be leased"),
        TaskOption(
            "legacy_exit_codes", .flag(\.legacyExitCodes), "exit with 1 where a broken run would exit with 101, 102 or 103",
            decidesRuns: true),
        TaskOption("ssh_privkey", .text(\.sshPrivkey), "private key for --ssh; empty for what ssh itself would try", decidesRuns: true),
        TaskOption(
            "client_taskdir", .text(\.clientTaskdir),
            "where the task is put on the machine that runs it, over ssh in a directory of its run; wiped first", directory: true,
            decidesRuns: true),
        TaskOption(
            "minion_repos", .list(\.minionRepos), "package repositories to add: .repo URLs, base URLs or copr:user/name", decidesRuns: true),
        TaskOption(
            "minion_repos_ignore_errors", .flag(\.minionReposIgnoreErrors), "go on when a package repository cannot be added",
            decidesRuns: true),
        TaskOption("supported_arches", .list(\.supportedArches), "architectures that arch: all means", awaits: fedora, decidesRuns: true),
        TaskOption("report_to_resultsdb", .flag(\.reportToResultsdb), "send results to ResultsDB", decidesRuns: true),
        TaskOption("resultsdb_server", .text(\.resultsdbServer), "the API of ResultsDB", url: true, decidesRuns: true),
        TaskOption(
            "resultsdb_frontend", .text(\.resultsdbFrontend), "the web pages of ResultsDB", url: true,
            awaits: "links to results posted there"),
        TaskOption(
            "resultsdb_token", .text(\.resultsdbToken), "bearer token to write to ResultsDB with; keep the file private", secret: true),
        TaskOption("execdb_server", .text(\.execdbServer), "the execution tracker that results link to", url: true),
        TaskOption("taskotron_master", .text(\.taskotronMaster), "the CI master that runs with --jobid link to", url: true),
        TaskOption("buildbot_task_step", .text(\.buildbotTaskStep), "the step of the CI job whose log runs link to"),
        TaskOption(
            "artifacts_baseurl", .text(\.artifactsBaseurl), "where artifactsdir is to be seen from outside; results link there", url: true),
        TaskOption(
            "artifactsdir", .text(\.artifactsdir), "where each run keeps its artifacts, in a directory named for its uuid", directory: true),
        TaskOption("tmpdir", .text(\.tmpdir), "where runs work; a directory named for the user is made in it", directory: true),
        TaskOption("logdir", .text(\.logdir), "where taskotron-USER.log is, the log of all runs, with log_file_enabled", directory: true),
        TaskOption("cachedir", .text(\.cachedir), "where downloads are kept, with download_cache_enabled", directory: true, awaits: fedora),
        TaskOption("download_cache_enabled", .flag(\.downloadCacheEnabled), "keep downloads for later runs", awaits: fedora),
        TaskOption("log_file_enabled", .flag(\.logFileEnabled), "keep a log of all runs beside the one each run has"),
        TaskOption("log_level_stream", .text(\.logLevelStream), "what the console shows: \(levels.joined(separator: ", "))"),
        TaskOption("log_level_file", .text(\.logLevelFile), "what log files hold: \(levels.joined(separator: ", "))"),
        TaskOption("koji_url", .text(\.kojiURL), "the Koji hub", url: true, awaits: fedora),
        TaskOption("pkg_url", .text(\.pkgURL), "where Koji's packages are downloaded from", url: true, awaits: fedora),
        TaskOption("bodhi_staging", .flag(\.bodhiStaging), "ask the staging instance of Bodhi", awaits: fedora),
        TaskOption("vault_enabled", .flag(\.vaultEnabled), "fetch the secrets of a task from a vault", awaits: vault),
        TaskOption("vault_server", .text(\.vaultServer), "the vault", url: true, awaits: vault),
        TaskOption("vault_username", .text(\.vaultUsername), "user name at the vault", awaits: vault),
        TaskOption("vault_password", .text(\.vaultPassword), "password at the vault; keep the file private", secret: true, awaits: vault),
    ]
}
