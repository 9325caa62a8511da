import AtollModel
package import Foundation
package import OrderedCollections

/// Where a task runs.
package enum RunMode: Sendable, Equatable {
    /// In this process' machine; also consents to changes of it.
    case local
    /// In a disposable VM.
    case libvirt
    /// On an existing machine.
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

/// What `runtask` was asked for, checked and completed; what was typed stays in `original`.
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

    /// Values of `--arch`.
    package static let arches = ["i386", "x86_64", "armhfp", "noarch", "aarch64", "ppc64le", "s390x", "ppc64"]

    package var original: Original
    /// Absolute, lexically normalised.
    package var task: String
    package var item: String?
    package var type: ItemType?
    package var arch: String
    package var jobid: String
    package var isDebug: Bool
    /// Names the run's artifacts, its VM and its results: a safe file name of at most 36 characters.
    package var uuid: String
    package var mode: RunMode
    /// Whether a flag said the mode; `--local` is consent only then.
    package var isModeExplicit: Bool
    package var sshPrivkey: String?
    package var noDestroy: Bool
    package var overrides: OrderedDictionary<String, String>
    /// `<configured artifactsdir>/<uuid>`.
    package var artifactsdir: String
    /// Sentences for the user.
    package var warnings: [String]

    /// The directory of the formula.
    package var taskdir: String { task.lastIndex(of: "/").map { $0 == task.startIndex ? "/" : String(task[..<$0]) } ?? "." }

    /// Checks and completes what was typed; looks at nothing but its arguments. `currentDirectory` is absolute; `date` names the run where
    /// no uuid does; `defaultMode` is the configured `runtask_mode`. Throws everything that is wrong at once.
    package static func process(
        _ original: Original, currentDirectory: String, artifactsRoot: String, date: Date, defaultMode: RunMode
    ) throws(UsageError) -> RunArguments {
        var problems: [String] = []
        var warnings: [String] = []
        let chosen = [("--local", original.local), ("--libvirt", original.libvirt), ("--ssh", original.ssh != nil)].filter(\.1).map(\.0)
        if chosen.count > 1 { problems.append("\(chosen.joined(separator: " and ")) exclude each other; give one of them") }
        var mode = original.local ? RunMode.local : original.libvirt ? .libvirt : defaultMode
        if let ssh = original.ssh {
            do throws(UsageError) { mode = .ssh(try RemoteMachine(ssh)) } catch { problems += error.problems }
        }
        let type = original.type.flatMap(ItemType.init(rawValue:))
        if let word = original.type, type == nil {
            problems.append("--type: \"\(word)\" is no item type; allowed: \(ItemType.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        if !arches.contains(original.arch) {
            problems.append("--arch: \"\(original.arch)\" is no arch; allowed: \(arches.joined(separator: ", "))")
        }
        if let uuid = original.uuid, !RunIdentifier.isUsable(uuid) {
            problems.append(
                "--uuid: \"\(uuid)\" cannot name files; allowed: up to 36 letters, digits, `.`, `_` and `-`, a letter or digit first")
        }
        if original.task.isEmpty { problems.append("TASK is empty; name a formula file") }
        if original.item?.isEmpty == true { problems.append("--item is empty; leave it out or name an item") }
        var overrides: OrderedDictionary<String, String> = [:]
        for pair in original.overrides {
            guard let equals = pair.firstIndex(of: "="), Substitution.isVariableName(String(pair[..<equals])) else {
                problems.append("--override: \"\(pair)\" is not VAR=VALUE with the name of a variable")
                continue
            }
            overrides[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
        }
        guard problems.isEmpty else { throw UsageError(problems) }
        if original.item != nil, type == nil { warnings.append("--item without --type: no typed variable such as ${koji_build} is set") }
        if original.item == nil, let type { warnings.append("--type without --item: ${\(type.rawValue)} is not set") }
        if original.noDestroy, mode != .libvirt { warnings.append("--no-destroy has no effect: the task runs in no disposable VM") }
        if original.sshPrivkey != nil, mode.name != "ssh" { warnings.append("--ssh-privkey has no effect without --ssh") }
        if original.jobid != CIJob.unsaid, CIJob(original.jobid) == nil {
            warnings.append(
                "--jobid: \"\(original.jobid)\" is not BUILDER/BUILD with the number of a build; links lead to the CI master alone")
        }
        let uuid = original.uuid ?? RunIdentifier.make(at: date)
        return RunArguments(
            original: original, task: absolute(original.task, in: currentDirectory), item: original.item, type: type, arch: original.arch,
            jobid: original.jobid, isDebug: original.debug, uuid: uuid, mode: mode, isModeExplicit: !chosen.isEmpty,
            sshPrivkey: original.sshPrivkey, noDestroy: original.noDestroy, overrides: overrides,
            artifactsdir: absolute(uuid, in: absolute(artifactsRoot, in: currentDirectory)), warnings: warnings)
    }

    /// The path without `.`, `..` and doubled slashes; symbolic links are not looked at.
    static func absolute(_ path: String, in directory: String) -> String {
        var parts: [Substring] = []
        for part in (path.hasPrefix("/") ? path : directory + "/" + path).split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}

/// Arguments that make no sense together, all of them: exit 2.
package struct UsageError: Error, Sendable, Equatable, UserFacingError, CustomStringConvertible {
    /// One sentence each.
    package var problems: [String]
    package init(_ problems: [String]) { self.problems = problems }
    package var description: String { problems.joined(separator: "\n") }
}
