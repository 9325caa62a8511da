/// How tasks run (`taskotron.yaml`): typed values, each with the place it came from.
///
/// Order, later wins: the profile's defaults, the first file found, `TASKOTRON_<KEY>`, flags. `TaskOption.all` describes every key;
/// start with `TaskSettings.load`.
public struct TaskSettings: Sendable, Equatable {
    public var profile: Profile
    /// `local` or `libvirt`.
    public var runtaskMode: String
    public var reportToResultsdb: Bool
    public var downloadCacheEnabled: Bool
    public var logFileEnabled: Bool
    public var logLevelStream: String
    public var logLevelFile = "DEBUG"
    /// Without the user's name; runs use `userTmpdir`.
    public var tmpdir: String
    public var logdir: String
    public var artifactsdir: String
    public var cachedir: String
    public var artifactsBaseurl = "http://localhost/artifacts"
    public var bodhiStaging = false
    public var buildbotTaskStep = "runtask"
    public var clientTaskdir = "/var/tmp/taskotron/taskdir"
    public var defaultDisposableArch = "x86_64"
    public var defaultDisposableDistro = "fedora"
    public var defaultDisposableFlavor = "taskotron_cloud"
    public var defaultDisposableRelease = "25"
    public var execdbServer = "http://localhost:5003"
    public var forceImageurl = false
    public var imagesdir = "/var/lib/taskotron/images"
    public var imageurl = "file:///var/lib/taskotron/images/Fedora-Cloud-Base-25-1.3.x86_64.qcow2"
    public var kojiURL = "https://koji.fedoraproject.org/kojihub"
    public var minionRepos: [String] = []
    public var minionReposIgnoreErrors = false
    public var pkgURL = "https://kojipkgs.fedoraproject.org/packages"
    public var resultsdbServer = "http://localhost:5001/api/v2.0"
    public var resultsdbFrontend = "http://localhost:5002"
    /// Secret.
    public var resultsdbToken = ""
    public var sshPrivkey = ""
    public var supportedArches = ["x86_64", "i386", "armhfp"]
    public var taskotronMaster = "http://localhost/taskmaster"
    public var spawnVMRetries = 3
    public var vaultEnabled = false
    public var vaultServer = ""
    public var vaultUsername = ""
    /// Secret.
    public var vaultPassword = ""
    public var defaultImage = "debian-12"
    /// Seconds.
    public var inactivityTimeout = 900
    /// Seconds; 0 = none.
    public var taskTimeout = 0
    public var legacyExitCodes = false
    public var keepOn: [String] = []
    /// Seconds.
    public var keepFor = 7200
    /// `on`, `off`, or hosts with commas between them.
    public var egress = "outside"
    /// 0 = as much as the host has; so are the other three.
    public var capacityMemoryMiB = 0
    public var capacityCPUs = 0
    public var capacityDiskGiB = 0
    public var capacitySubnets = 0

    /// Whose settings these are.
    public var user: TaskUser
    /// Key to origin; keys that are not there have their default.
    public var sources: [String: Settings.Source] = [:]

    /// The defaults of a profile.
    public init(profile: Profile = .development, user: TaskUser) {
        self.profile = profile
        self.user = user
        runtaskMode = profile == .production ? "libvirt" : "local"
        reportToResultsdb = profile == .production
        downloadCacheEnabled = profile != .production
        logFileEnabled = profile == .production
        logLevelStream = profile == .testing ? "DEBUG" : "INFO"
        let root = "/var/tmp/taskotron-test"
        switch (profile, user.isRoot) {
        case (.testing, _): (tmpdir, logdir, artifactsdir, cachedir) = ("\(root)/tmp", "\(root)/log", "\(root)/artifacts", "\(root)/cache")
        case (_, true):
            tmpdir = "/var/tmp/taskotron"
            logdir = "/var/log/taskotron"
            artifactsdir = "/var/lib/taskotron/artifacts"
            cachedir = "/var/cache/taskotron"
        case (_, false):
            tmpdir = "/var/tmp/taskotron"
            logdir = user.stateHome + "/taskotron/log"
            artifactsdir = user.stateHome + "/taskotron/artifacts"
            cachedir = user.cacheHome + "/taskotron"
        }
    }

    /// Where the value of a key came from.
    public func source(of key: String) -> Settings.Source { sources[key] ?? .builtIn }

    /// The user's own part of `tmpdir`.
    public var userTmpdir: String { tmpdir + "/" + user.name }

    /// What callers keep out of logs and records: the values of secret settings, and passwords in the URLs of the others.
    public var secrets: [String] { TaskOption.all.flatMap(secrets) }

    /// The part of an option's value that is a secret.
    func secrets(of option: TaskOption) -> [String] {
        switch option.kind {
        case .text(let path) where option.isSecret: [self[keyPath: path]].filter { !$0.isEmpty }
        case .text(let path): URLCredentials.secrets(in: self[keyPath: path])
        case .list(let path): self[keyPath: path].flatMap(URLCredentials.secrets)
        default: []
        }
    }

    /// A process's environment as tasks get it: our secrets are none of theirs, whichever of our variables they stand in.
    public func withoutSecrets(_ environment: [String: String]) -> [String: String] {
        let secrets = secrets
        return environment.filter { name, value in
            guard name.hasPrefix(Self.prefix) else { return true }
            if TaskOption.named(name.dropFirst(Self.prefix.count).lowercased())?.isSecret == true { return false }
            return URLCredentials.secrets(in: value).isEmpty && !secrets.contains { value.contains($0) }
        }
    }
}
