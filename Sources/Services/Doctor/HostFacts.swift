import AtollCommands
package import AtollPlatform
import AtollLibvirt
import Foundation
package import Glibc

/// Every question the doctor asks the host, as a value: tests answer them with a host of their own making.
package struct HostFacts: Sendable {
    /// Who asks.
    package var user: Account
    /// Whether systemd runs this machine.
    package var hasSystemd: Bool
    /// `ID` and `ID_LIKE` of os-release, most particular first.
    package var distributions: [String]
    /// As `uname -m` says it.
    package var machine: String
    /// mode, owner and group of a path (links followed); nil when it is not there or may not be looked at.
    package var status: @Sendable (String) -> PathStatus?
    /// Whether the asking user may do this (`R_OK`, `W_OK`, `X_OK`).
    package var mayAccess: @Sendable (String, Int32) -> Bool
    package var list: @Sendable (String) -> [String]
    package var read: @Sendable (String) -> String?
    package var realPath: @Sendable (String) -> String
    /// Output of `getfacl --numeric` for a path; nil where it cannot be run.
    package var accessList: @Sendable (String) async -> String?
    /// The absolute path of a program in PATH or the system's directories.
    package var program: @Sendable (String) -> String?
    /// Whether a shared library loads; the text says why not.
    package var libraryProblem: @Sendable (String) -> String?
    /// Connects and asks for versions; nil when no answer came in the given time.
    package var askLibvirt: @Sendable (String, Duration) async -> LibvirtAnswer?
    package var acceleration: @Sendable () -> Acceleration
    package var capacity: @Sendable () -> Capacity?
    package var freeDisk: @Sendable (String) -> Int64?
    package var routes: @Sendable () -> [HostRoute]
    /// Number of a user, and of the groups it belongs to.
    package var account: @Sendable (String) -> Account?
    package var groupID: @Sendable (String) -> gid_t?

    /// The host this process runs on.
    package static func live() -> HostFacts {
        let release = osRelease((try? AtomicFile.text("/etc/os-release")) ?? "")
        var own = Account(name: Accounts.userName(geteuid()), id: geteuid(), groups: [getegid()])
        var groups = [gid_t](repeating: 0, count: 1024)
        let count = getgroups(Int32(groups.count), &groups)
        own.groups += groups.prefix(Int(max(count, 0)))
        return HostFacts(
            user: own, hasSystemd: SystemCall.isDirectory("/run/systemd/system"), distributions: release, machine: Acceleration.machine(),
            status: { path in
                SystemCall.status(path).map {
                    PathStatus(mode: $0.st_mode & 0o7777, owner: $0.st_uid, group: $0.st_gid, kind: $0.st_mode & S_IFMT)
                }
            },
            mayAccess: { access($0, $1) == 0 },
            list: { (try? Directories.list($0)) ?? [] },
            read: { try? AtomicFile.text($0, limit: 1 << 20) },
            realPath: { Directories.real($0) },
            accessList: { path in
                let result = try? await Tool.output("getfacl", ["--numeric", "--omit-header", "--absolute-names", "--no-effective", path])
                return result?.status == 0 ? result?.standardOutput : nil
            },
            program: findProgram,
            libraryProblem: { name in
                guard let handle = dlopen(name, RTLD_LAZY | RTLD_LOCAL) else {
                    return dlerror().map { String(cString: $0) } ?? "it does not load"
                }
                dlclose(handle)
                return nil
            },
            askLibvirt: { uri, patience in await LibvirtAnswer.ask(uri, patience: patience) },
            acceleration: { Acceleration.probe() },
            capacity: { Capacity.current() },
            freeDisk: { DiskSpace.available($0) },
            routes: { Routes.current() },
            account: { name in AccessControl.userID(name).map { Account(name: name, id: $0, groups: Accounts.groups(of: name)) } },
            groupID: { AccessControl.groupID($0) }
        )
    }

    static func osRelease(_ text: String) -> [String] {
        ["ID", "ID_LIKE"].flatMap { key in
            let line = text.split(separator: "\n").first { $0.hasPrefix(key + "=") }
            return line.map { $0.dropFirst(key.count + 1).filter { $0 != "\"" && $0 != "'" }.split(separator: " ").map(String.init) } ?? []
        }
    }

    private static func findProgram(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        // libvirt starts its helpers from the system's directories, whatever the caller's PATH is.
        let places = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin", "/usr/bin", "/usr/libexec", "/usr/lib/libvirt"]
        return places.lazy.map { $0 + "/" + name }.first { access($0, X_OK) == 0 }
    }
}

/// A user and what it belongs to.
package struct Account: Sendable, Equatable {
    package var name: String
    package var id: uid_t
    package var groups: [gid_t]

    package init(name: String, id: uid_t, groups: [gid_t]) {
        self.name = name
        self.id = id
        self.groups = groups
    }
}

/// Who may do what with a path.
package struct PathStatus: Sendable, Equatable {
    /// Permission bits, set-id bits included.
    package var mode: mode_t
    package var owner: uid_t
    package var group: gid_t
    /// `S_IFDIR`, `S_IFREG`, `S_IFSOCK`, …
    package var kind: mode_t

    package init(mode: mode_t, owner: uid_t, group: gid_t, kind: mode_t = S_IFDIR) {
        self.mode = mode
        self.owner = owner
        self.group = group
        self.kind = kind
    }
}
