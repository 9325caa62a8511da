import AtollModel
package import Foundation
package import OrderedCollections

/// Where a task runs.
package enum RunMode: Sendable, Equatable {
    /// On this host; also the consent to changes of it.
    case local
    /// In a disposable VM.
    case libvirt
    /// On an existing machine, over SSH.
    case ssh(RemoteMachine)

    /// `local`, `libvirt` or `ssh`.
    package var name: String {
        switch self {
        case .local: "local"
        case .libvirt: "libvirt"
        case .ssh: "ssh"
        }
    }
}

/// Arguments of `runtask`, checked and completed; the typed ones are kept in `original`.
package struct RunArguments: Sendable, Equatable {
    /// The arguments as typed.
    package struct Original: Sendable, Equatable {
        package var task: String
        package var item: String?
        package var type: String?
        package var arch = "noarch"
        package var jobid = CIJob.unsaid
        package var debug = false
        package var uuid: String?
        package var local = false
        package var libvirt = false
        package var ssh: String?
        package var sshPrivkey: String?
        package var noDestroy = false
        /// `VAR=VALUE`.
        package var overrides: [String] = []

        package init(task: String) { self.task = task }
    }

    /// Valid values of `--arch`.
    package static let arches = ["i386", "x86_64", "armhfp", "noarch", "aarch64", "ppc64le", "s390x", "ppc64"]

    package var original: Original
    /// Absolute path of the formula, lexically normalised.
    package var task: String
    package var item: String?
    package var type: ItemType?
    package var arch: String
    package var jobid: String
    package var isDebug: Bool
    /// ID of the run for its artifacts, VM and results: a valid file name of at most 36 characters.
    package var uuid: String
    package var mode: RunMode
    /// Whether a flag selected the mode; `--local` is consent only then.
    package var isModeExplicit: Bool
    package var sshPrivkey: String?
    package var noDestroy: Bool
    package var overrides: OrderedDictionary<String, String>
    /// `<configured artifactsdir>/<uuid>`.
    package var artifactsdir: String
    /// Warnings for the user.
    package var warnings: [String]

    /// Directory of the formula.
    package var taskdir: String { task.lastIndex(of: "/").map { $0 == task.startIndex ? "/" : String(task[..<$0]) } ?? "." }

    /// Checks and completes the typed arguments. Pure. `currentDirectory` is absolute; `date` determines the run ID if
    /// no uuid is given; `defaultMode` is the configured `runtask_mode`. Throws all errors at once.
    package static func process(
        _ original: Original, currentDirectory: String, artifactsRoot: String, date: Date, defaultMode: RunMode
    ) throws(UsageError) -> RunArguments {
        var problems: [String] = []
        var warnings: [String] = []
        let chosen = [("--local", original.local), ("--libvirt", original.libvirt), ("--ssh", original.ssh != nil)].filter(\.1).map(\.0)
        if chosen.count > 1 { problems.append("\(chosen.joined(separator: " and ")) are mutually exclusive") }
        var mode = original.local ? RunMode.local : original.libvirt ? .libvirt : defaultMode
        if let ssh = original.ssh {
            do throws(UsageError) { mode = .ssh(try RemoteMachine(ssh)) } catch { problems += error.problems }
        }
        let type = original.type.flatMap(ItemType.init(rawValue:))
        if let word = original.type, type == nil {
            problems.append("invalid --type '\(word)': expected \(ItemType.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        if !arches.contains(original.arch) {
            problems.append("invalid --arch '\(original.arch)': expected \(arches.joined(separator: ", "))")
        }
        if let uuid = original.uuid, !RunIdentifier.isUsable(uuid) {
            problems.append(
                "invalid --uuid '\(uuid)': expected up to 36 letters, digits, '.', '_' and '-', starting with a letter or digit")
        }
        if original.task.isEmpty { problems.append("TASK is empty: expected a formula file") }
        if original.item?.isEmpty == true { problems.append("--item is empty: expected an item, or omit the option") }
        var overrides: OrderedDictionary<String, String> = [:]
        for pair in original.overrides {
            guard let equals = pair.firstIndex(of: "="), Substitution.isVariableName(String(pair[..<equals])) else {
                problems.append("invalid --override '\(pair)': expected VAR=VALUE")
                continue
            }
            overrides[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
        }
        guard problems.isEmpty else { throw UsageError(problems) }
        if original.item != nil, type == nil { warnings.append("--item without --type: no typed variable such as ${koji_build} is set") }
        if original.item == nil, let type { warnings.append("--type without --item: ${\(type.rawValue)} is not set") }
        if original.noDestroy, mode != .libvirt { warnings.append("--no-destroy has no effect: the task does not run in a disposable VM") }
        if original.sshPrivkey != nil, mode.name != "ssh" { warnings.append("--ssh-privkey has no effect without --ssh") }
        if original.jobid != CIJob.unsaid, CIJob(original.jobid) == nil {
            warnings.append(
                "--jobid '\(original.jobid)' is not BUILDER/BUILDNUMBER: links point to the CI master only")
        }
        let uuid = original.uuid ?? RunIdentifier.make(at: date)
        return RunArguments(
            original: original, task: absolute(original.task, in: currentDirectory), item: original.item, type: type, arch: original.arch,
            jobid: original.jobid, isDebug: original.debug, uuid: uuid, mode: mode, isModeExplicit: !chosen.isEmpty,
            sshPrivkey: original.sshPrivkey, noDestroy: original.noDestroy, overrides: overrides,
            artifactsdir: absolute(uuid, in: absolute(artifactsRoot, in: currentDirectory)), warnings: warnings)
    }

    /// The path without `.`, `..` and doubled slashes; symbolic links are not resolved.
    static func absolute(_ path: String, in directory: String) -> String {
        var parts: [Substring] = []
        for part in (path.hasPrefix("/") ? path : directory + "/" + path).split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}

/// Invalid or conflicting arguments, all of them: exit code 2.
package struct UsageError: Error, Sendable, Equatable, UserFacingError, CustomStringConvertible {
    /// Messages, one per error.
    package var problems: [String]
    package init(_ problems: [String]) { self.problems = problems }
    package var description: String { problems.joined(separator: "\n") }
}
