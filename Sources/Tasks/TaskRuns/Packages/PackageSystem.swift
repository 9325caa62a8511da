import AtollCommands
import AtollFormula

/// How the packages of one machine are installed.
struct PackageSystem: Sendable, Equatable {
    enum Manager: String, Sendable, CaseIterable {
        case dnf5, dnf, yum
        case apt = "apt-get"
    }

    var manager: Manager
    /// Words before a command that needs root's rights; nil when there is no way to them.
    var privilege: [String]?

    var family: EnvironmentWish.PackageFamily { manager == .apt ? .deb : .rpm }

    /// Prints the manager's name, then `root`, `sudo` or `user`. Plain POSIX.
    ///
    /// dnf can be had on Debian and apt on Fedora: where both are, the machine is of the family whose database has its own manager.
    static let question = """
        if command -v apt-get > /dev/null 2>&1 && dpkg-query -W dpkg > /dev/null 2>&1; then echo "manager apt-get"
        else
            for tool in dnf5 dnf yum apt-get; do
                if command -v $tool > /dev/null 2>&1; then echo "manager $tool"; break; fi
            done
        fi
        if [ "$(id -u)" = 0 ]; then echo "rights root"
        elif command -v sudo > /dev/null 2>&1 && sudo --non-interactive true > /dev/null 2>&1; then echo "rights sudo"
        else echo "rights user"; fi
        """

    /// From what the question printed: nil when there is no manager that is known here.
    init?(answer: String) {
        let lines = answer.split(separator: "\n")
        guard let manager = Manager.allCases.first(where: { lines.contains("manager \($0.rawValue)") }) else { return nil }
        self.manager = manager
        privilege = lines.contains("rights root") ? [] : lines.contains("rights sudo") ? ["sudo", "--non-interactive"] : nil
    }

    /// Packages a name of this family cannot stand for, with the reason; they are nobody's to install.
    func refusal(of package: String) -> String? {
        if package.isEmpty || package.hasPrefix("-") { return "no name of a package" }
        guard family == .deb, !package.hasPrefix("/") else { return nil }
        if package.hasPrefix("@") { return "apt has no package groups; name the packages in environment.deb" }
        if package.contains(where: { "<> ".contains($0) }) { return "apt takes NAME=VERSION, not a comparison" }
        // "name-" would remove it.
        if package.hasSuffix("-") || package.contains("*") || package.contains("?") { return "no name of a package" }
        return nil
    }

    /// A shell program that prints those of `packages` that are not there. What it cannot tell it prints: asking for what is installed
    /// already does no harm.
    func missing(_ packages: [String]) -> String {
        packages.map { package in
            let word = ShellWord.quoted(package)
            let test =
                switch family {
                case .rpm: isInstalled(rpm: package)
                case .deb where package.hasPrefix("/"): "[ -e \(word) ]"
                case .deb where package.contains("=") || package.contains("/"): "false"
                case .deb: "dpkg-query -W -f '${db:Status-Status}\\n' \(word) 2> /dev/null | grep -q -x installed"
                }
            return "{ \(test); } || printf '%s\\n' \(word)"
        }.joined(separator: "\n")
    }

    /// A shell command that succeeds if an rpm machine has it. None of them reads lists of packages: there may be no network.
    private func isInstalled(rpm package: String) -> String {
        let word = ShellWord.quoted(package)
        if package.hasPrefix("@") || package.contains("://") { return "false" }
        if package.hasSuffix(".rpm") {
            let label = "rpm -q --package --queryformat '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}' \(word) 2> /dev/null"
            return "rpm -q \"$(\(label))\" > /dev/null 2>&1"
        }
        if package.contains(where: { "<>= *?[".contains($0) }) {
            // rpm itself knows neither comparisons nor patterns.
            guard manager == .dnf || manager == .dnf5 else { return "false" }
            return "[ -n \"$(\(manager.rawValue) --quiet repoquery --installed --whatprovides \(word) 2> /dev/null)\" ]"
        }
        return "rpm -q --whatprovides \(word) > /dev/null 2>&1 || rpm -q \(word) > /dev/null 2>&1"
    }

    /// The ways to install, each tried when the one before failed.
    func installs(_ packages: [String]) -> [[String]] {
        switch manager {
        case .dnf: return [["dnf", "--assumeyes", "--best", "install"] + packages, ["dnf", "--assumeyes", "install"] + packages]
        // There --best is an option of install alone.
        case .dnf5: return [["dnf5", "--assumeyes", "install", "--best"] + packages, ["dnf5", "--assumeyes", "install"] + packages]
        case .yum: return [["yum", "--assumeyes", "install"] + packages]
        case .apt: return [apt(["install", "-y", "--no-install-recommends", "--"] + packages)]
        }
    }

    /// What brings the lists of packages up to date; nil where installing does.
    var refresh: [String]? { manager == .apt ? apt(["update"]) : nil }

    /// Never asks anything, and leaves configuration files as they are.
    private func apt(_ words: [String]) -> [String] {
        [
            "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "Dpkg::Options::=--force-confdef", "-o",
            "Dpkg::Options::=--force-confold", "-o", "DPkg::Lock::Timeout=120",
        ] + words
    }

    /// What adds one of the configured repositories: a command and its input; nil for one of the other family.
    func addition(of repository: String, number: Int) -> (command: [String], input: String?)? {
        let isLine = repository.hasPrefix("deb ") || repository.hasPrefix("deb-src ")
        guard isLine == (family == .deb) else { return nil }
        if isLine { return (["tee", "/etc/apt/sources.list.d/atoll-\(number).list"], repository + "\n") }
        if let project = repository.split(separator: ":", maxSplits: 1).last, repository.hasPrefix("copr:") {
            return ([manager.rawValue, "--assumeyes", "copr", "enable", String(project)], nil)
        }
        guard repository.hasSuffix(".repo") else {
            // Whether packages must be signed is left to the machine's own settings.
            let text = "[atoll-\(number)]\nname=\(repository)\nbaseurl=\(repository)\nenabled=1\n"
            return (["tee", "/etc/yum.repos.d/atoll-\(number).repo"], text)
        }
        switch manager {
        case .dnf5: return (["dnf5", "config-manager", "addrepo", "--overwrite", "--from-repofile=\(repository)"], nil)
        case .yum: return (["yum-config-manager", "--add-repo", repository], nil)
        default: return (["dnf", "config-manager", "--add-repo", repository], nil)
        }
    }

    /// What installs the plugin that a command of dnf's lacked, as dnf itself names it; nil when that was not the trouble.
    func plugin(lackedBy output: String) -> [String]? {
        let known = ["config-manager", "copr"].map { "\(manager.rawValue)-command(\($0))" }
        return known.first(where: output.contains).map { [manager.rawValue, "--assumeyes", "install", $0] }
    }

    /// What to do about packages that no known key signed; nil when a line of the output says nothing of that.
    static func remedy(forSignatureIn line: String) -> String? {
        let signs = ["Problem repository: [", "GPG check FAILED", "OpenPGP check for package", "Signature verification failed"]
        guard signs.contains(where: line.contains) else { return nil }
        return """
            packages of a repository are not signed by a key that the machine knows (\(line)); in minion_repos, name a .repo file that has \
            gpgkey=, or gpgcheck=0
            """
    }
}
