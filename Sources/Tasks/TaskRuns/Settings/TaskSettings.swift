package import AtollSettings
/// How tasks run (`taskotron.yaml`): typed values, each with the place it came from.
///
/// Order, later wins: the profile's defaults, the first file found, `TASKOTRON_<KEY>`, flags. `TaskOption.all` describes every key;
/// start with `TaskSettings.load`.
package struct TaskSettings: Sendable, Equatable {
    package var profile: Profile
    /// `local` or `libvirt`.
    package var runtaskMode: String
    package var reportToResultsdb: Bool
    package var downloadCacheEnabled: Bool
    package var logFileEnabled: Bool
    package var logLevelStream: String
    package var logLevelFile = "DEBUG"
    /// Without the user's name; runs use `userTmpdir`.
    package var tmpdir: String
    package var logdir: String
    package var artifactsdir: String
    package var cachedir: String
    package var artifactsBaseurl = "http://localhost/artifacts"
    package var bodhiStaging = false
    package var buildbotTaskStep = "runtask"
    package var clientTaskdir = "/var/tmp/taskotron/taskdir"
    package var defaultDisposableArch = "x86_64"
    package var defaultDisposableDistro = "fedora"
    package var defaultDisposableFlavor = "taskotron_cloud"
    package var defaultDisposableRelease = "25"
    package var execdbServer = "http://localhost:5003"
    package var forceImageurl = false
    package var imagesdir = "/var/lib/taskotron/images"
    package var imageurl = "file:///var/lib/taskotron/images/Fedora-Cloud-Base-25-1.3.x86_64.qcow2"
    package var kojiURL = "https://koji.fedoraproject.org/kojihub"
    package var minionRepos: [String] = []
    package var minionReposIgnoreErrors = false
    package var pkgURL = "https://kojipkgs.fedoraproject.org/packages"
    package var resultsdbServer = "http://localhost:5001/api/v2.0"
    package var resultsdbFrontend = "http://localhost:5002"
    /// Secret.
    package var resultsdbToken = ""
    package var sshPrivkey = ""
    package var supportedArches = ["x86_64", "i386", "armhfp"]
    package var taskotronMaster = "http://localhost/taskmaster"
    package var spawnVMRetries = 3
    package var vaultEnabled = false
    package var vaultServer = ""
    package var vaultUsername = ""
    /// Secret.
    package var vaultPassword = ""
    package var defaultImage = "debian-12"
    /// Seconds.
    package var inactivityTimeout = 900
    /// Seconds; 0 = none.
    package var taskTimeout = 0
    package var legacyExitCodes = false
    package var keepOn: [String] = []
    /// Seconds.
    package var keepFor = 7200
    /// `on`, `off`, or hosts with commas between them.
    package var egress = "outside"
    /// 0 = as much as the host has; so are the other three.
    package var capacityMemoryMiB = 0
    package var capacityCPUs = 0
    package var capacityDiskGiB = 0
    package var capacitySubnets = 0

    /// Whose settings these are.
    package var user: TaskUser
    /// Key to origin; keys that are not there have their default.
    package var sources: [String: Settings.Source] = [:]

    /// The defaults of a profile.
    package init(profile: Profile = .development, user: TaskUser) {
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
    package func source(of key: String) -> Settings.Source { sources[key] ?? .builtIn }

    /// The user's own part of `tmpdir`.
    package var userTmpdir: String { tmpdir + "/" + user.name }

    /// What callers keep out of logs and records: the values of secret settings, and passwords in the URLs of the others.
    package var secrets: [String] { TaskOption.all.flatMap(secrets) }

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
    package func withoutSecrets(_ environment: [String: String]) -> [String: String] {
        let secrets = secrets
        return environment.filter { name, value in
            guard name.hasPrefix(Self.prefix) else { return true }
            if TaskOption.named(name.dropFirst(Self.prefix.count).lowercased())?.isSecret == true { return false }
            return URLCredentials.secrets(in: value).isEmpty && !secrets.contains { value.contains($0) }
        }
    }
}
