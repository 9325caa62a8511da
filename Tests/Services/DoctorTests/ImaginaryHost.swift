import AtollPlatform
import Glibc
import Synchronization

@testable import AtollDoctor

/// A host where everything is right, of which each test spoils something.
final class ImaginaryHost: Sendable {
    struct State {
        var user = Account(name: "alice", id: 1000, groups: [1000, 111])
        var hasSystemd = true
        var distributions = ["debian"]
        var paths: [String: PathStatus] = [:]
        var accessLists: [String: String] = [:]
        var files: [String: String] = [:]
        var programs: Set<String> = [
            "libvirtd", "qemu-system-x86_64", "qemu-img", "dnsmasq", "setfacl", "mmdebstrap", "supermin", "swtpm", "swtpm_setup",
            "swtpm_ioctl",
        ]
        var libraryProblem: String?
        var answer: LibvirtAnswer? = .versions(libvirt: "9.0.0", hypervisor: "7.2.0")
        var acceleration = Acceleration(isUsable: true, reason: "/dev/kvm opens and the CPU has vmx")
        var capacity: Capacity? = Capacity(availableMemory: 16 << 30, totalMemory: 24 << 30, processors: 8)
        var freeDisk: Int64? = 100 << 30
        var routes: [HostRoute] = []
    }

    /// As Debian's package has it, cut down to what is read.
    static let firmwareDescriptor = """
        {"description": "UEFI", "interface-types": ["uefi"], "features": [], "tags": [],
         "mapping": {"device": "flash", "executable": {"filename": "/usr/share/OVMF/OVMF_CODE_4M.fd", "format": "raw"}},
         "targets": [{"architecture": "x86_64", "machines": ["pc-q35-*"]}]}
        """
    static let firmwarePath = "/usr/share/qemu/firmware/60-edk2-x86_64.json"
    static let qemuEntry = "user::rwx\nuser:64055:--x\ngroup::rwx\nmask::rwx\nother::---\n"
    let state: Mutex<State>

    init() {
        var state = State()
        for path in ["/", "/var", "/var/lib", "/lib/modules/6.1.0", "/var/lib/lago"] {
            state.paths[path] = PathStatus(mode: 0o755, owner: 0, group: 0)
        }
        for name in ["", "/store", "/repos", "/images", "/prefixes"] {
            state.paths["/var/lib/atoll" + name] = PathStatus(mode: 0o2770, owner: 0, group: 111)
            state.accessLists["/var/lib/atoll" + name] = Self.qemuEntry
        }
        state.paths["/var/lib/lago/subnets"] = PathStatus(mode: 0o2775, owner: 0, group: 111)
        state.paths["/run/libvirt/libvirt-sock"] = PathStatus(mode: 0o770, owner: 0, group: 111, kind: S_IFSOCK)
        state.paths["/run/libvirt/virtlogd-sock"] = PathStatus(mode: 0o600, owner: 0, group: 0, kind: S_IFSOCK)
        state.paths["/boot/vmlinuz-6.1.0"] = PathStatus(mode: 0o644, owner: 0, group: 0, kind: S_IFREG)
        for path in [Self.firmwarePath, "/usr/share/OVMF/OVMF_CODE_4M.fd"] {
            state.paths[path] = PathStatus(mode: 0o644, owner: 0, group: 0, kind: S_IFREG)
        }
        state.files[Self.firmwarePath] = Self.firmwareDescriptor
        for key in ["bridge-nf-call-iptables", "bridge-nf-call-ip6tables"] { state.files["/proc/sys/net/bridge/" + key] = "1\n" }
        self.state = Mutex(state)
    }

    func spoil(_ change: @Sendable (inout State) -> Void) { state.withLock { change(&$0) } }

    var facts: HostFacts {
        let now = state.withLock { $0 }
        return HostFacts(
            user: now.user, hasSystemd: now.hasSystemd, distributions: now.distributions, machine: "x86_64",
            status: { now.paths[$0] },
            mayAccess: { path, rights in
                guard let status = now.paths[path] else { return false }
                return Permission(status, accessList: now.accessLists[path]).allows(now.user, UInt8(rights))
            },
            list: { directory in
                now.paths.keys.filter { $0.hasPrefix(directory + "/") }.map { String($0.dropFirst(directory.count + 1)) }
                    .filter { !$0.contains("/") }.sorted()
            },
            read: { now.files[$0] },
            realPath: { $0 },
            accessList: { now.accessLists[$0] },
            program: { now.programs.contains($0) ? "/usr/bin/" + $0 : nil },
            libraryProblem: { _ in now.libraryProblem },
            askLibvirt: { _, _ in now.answer },
            acceleration: { now.acceleration },
            capacity: { now.capacity },
            freeDisk: { _ in now.freeDisk },
            routes: { now.routes },
            account: { $0 == "libvirt-qemu" ? Account(name: $0, id: 64055, groups: [64055, 107]) : nil },
            groupID: { $0 == "libvirt" ? 111 : nil }
        )
    }

    /// The finding of this name. Leases are read from a directory that is not there unless told.
    func finding(_ id: String, subject: Subject = Subject(leaseDirectory: "/var/lib/lago/subnets")) async -> Finding? {
        await Doctor.examine(subject, facts: facts).first { $0.id == id }
    }
}
