public import AtollModel
import AtollPlatform
import Glibc

/// Where everything of one prefix lies. Only names; nothing is read or made here.
public struct PrefixFiles: Sendable, Hashable {
    /// Absolute path of the prefix directory.
    public var path: String

    public init(path: String) { self.path = path }

    /// Empty marker: "this directory is a prefix, and its init ended well".
    public var marker: String { path + "/initialized" }
    /// 32 hex digits, no newline.
    public var uuid: String { path + "/uuid" }
    /// Private key for the guests, OpenSSH format; `id_rsa` is a link to it for scripts that expect the old name.
    public var privateKey: String { path + "/id_ed25519" }
    public var publicKey: String { path + "/id_ed25519.pub" }
    public var legacyPrivateKey: String { path + "/id_rsa" }
    public var legacyPublicKey: String { path + "/id_rsa.pub" }
    /// A link to the directory under the state root where QEMU may reach the images.
    public var images: String { path + "/images" }
    public var virt: String { path + "/virt" }
    public var virtEnvironment: String { virt + "/env" }
    public func virtMachine(_ name: String) -> String { virt + "/vm-\(name)" }
    public func virtNetwork(_ name: String) -> String { virt + "/net-\(name)" }
    public var metadata: String { path + "/metadata" }
    public var scripts: String { path + "/scripts" }
    public var logs: String { path + "/logs" }
    public var log: String { logs + "/atoll.log" }
    /// Our own state: journal, identities, known_hosts.
    public var own: String { path + "/.atoll" }
    public var journal: String { own + "/journal" }
    /// SHA-256 of the init file the prefix was made from.
    public var initFileDigest: String { own + "/initfile.sha256" }
    public var knownHosts: String { own + "/known_hosts" }
    public var identities: String { own + "/identities" }
    public func identity(_ machine: String) -> String { identities + "/\(machine).json" }

    /// Whether a prefix is here, complete or half-made: its uuid, or the journal of an init that did not get so far. No other directory
    /// may ever be taken for one: destroy removes what it is given.
    public var isPrefix: Bool { id != nil || SystemCall.status(journal).map { $0.st_mode & 0o170000 == 0o100000 } == true }

    /// What the uuid file says; nil when there is none that can be read as one.
    public var id: PrefixID? { (try? AtomicFile.text(uuid, limit: 200)).flatMap { PrefixID($0) } }

    /// Image of a disk that init creates (spec 2.3); `$LAGO_PREFIX_PATH` keeps a saved environment movable.
    public func imageName(machine: String, disk: DiskSpec) -> String { "\(machine)_\(disk.name).\(disk.format.rawValue)" }
    public static let prefixVariable = "$LAGO_PREFIX_PATH"
    public func savedImagePath(machine: String, disk: DiskSpec) -> String {
        "\(Self.prefixVariable)/images/\(imageName(machine: machine, disk: disk))"
    }

    /// A saved path with the prefix's own place put in, and `PREFIX/images` followed to where the files really are.
    public func resolved(_ saved: String) -> String {
        var text = saved
        for variable in [Self.prefixVariable, "${LAGO_PREFIX_PATH}"] where text.hasPrefix(variable) {
            text = path + text.dropFirst(variable.count)
        }
        let prefix = images + "/"
        if text.hasPrefix(prefix), let real = SymbolicLink.target(images) { return real + "/" + text.dropFirst(prefix.count) }
        return text
    }

    /// The NoCloud seed of a machine, as QEMU sees it.
    public func seed(_ machine: String) -> String { resolved("\(images)/\(machine)_seed.iso") }
    /// The variables of a machine that UEFI starts.
    public func nvram(_ machine: String) -> String { resolved("\(images)/\(machine).nvram") }
    /// The console log of a machine, written by QEMU, readable by the owner of the prefix.
    public func console(_ machine: String) -> String { resolved("\(images)/\(machine).console.log") }
}
