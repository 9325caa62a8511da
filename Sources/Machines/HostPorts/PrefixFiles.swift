package import AtollModel
import AtollPlatform
import Glibc

/// Where everything of one prefix lies. Only names; nothing is read or made here.
package struct PrefixFiles: Sendable, Hashable {
    /// Absolute path of the prefix directory.
    package var path: String

    package init(path: String) { self.path = path }

    /// Empty marker: "this directory is a prefix, and its init ended well".
    package var marker: String { path + "/initialized" }
    /// 32 hex digits, no newline.
    package var uuid: String { path + "/uuid" }
    /// Private key for the guests, OpenSSH format; `id_rsa` is a link to it for scripts that expect the old name.
    package var privateKey: String { path + "/id_ed25519" }
    package var publicKey: String { path + "/id_ed25519.pub" }
    package var legacyPrivateKey: String { path + "/id_rsa" }
    package var legacyPublicKey: String { path + "/id_rsa.pub" }
    /// A link to the directory under the state root where QEMU may reach the images.
    package var images: String { path + "/images" }
    package var virt: String { path + "/virt" }
    package var virtEnvironment: String { virt + "/env" }
    package func virtMachine(_ name: String) -> String { virt + "/vm-\(name)" }
    package func virtNetwork(_ name: String) -> String { virt + "/net-\(name)" }
    package var metadata: String { path + "/metadata" }
    package var scripts: String { path + "/scripts" }
    package var logs: String { path + "/logs" }
    package var log: String { logs + "/atoll.log" }
    /// Our own state: journal, identities, known_hosts.
    package var own: String { path + "/.atoll" }
    package var journal: String { own + "/journal" }
    /// SHA-256 of the init file the prefix was made from.
    package var initFileDigest: String { own + "/initfile.sha256" }
    package var knownHosts: String { own + "/known_hosts" }
    package var identities: String { own + "/identities" }
    package func identity(_ machine: String) -> String { identities + "/\(machine).json" }

    /// Whether a prefix is here, complete or half-made: its uuid, or the journal of an init that did not get so far. No other directory
    /// may ever be taken for one: destroy removes what it is given.
    package var isPrefix: Bool { id != nil || SystemCall.status(journal).map { $0.st_mode & 0o170000 == 0o100000 } == true }

    /// What the uuid file says; nil when there is none that can be read as one.
    package var id: PrefixID? { (try? AtomicFile.text(uuid, limit: 200)).flatMap { PrefixID($0) } }

    /// Image of a disk that init creates (spec 2.3); `$LAGO_PREFIX_PATH` keeps a saved environment movable.
    package func imageName(machine: String, disk: DiskSpec) -> String { "\(machine)_\(disk.name).\(disk.format.rawValue)" }
    package static let prefixVariable = "$LAGO_PREFIX_PATH"
    package func savedImagePath(machine: String, disk: DiskSpec) -> String {
        "\(Self.prefixVariable)/images/\(imageName(machine: machine, disk: disk))"
    }

    /// A saved path with the prefix's own place put in, and `PREFIX/images` followed to where the files really are.
    package func resolved(_ saved: String) -> String {
        var text = saved
        for variable in [Self.prefixVariable, "${LAGO_PREFIX_PATH}"] where text.hasPrefix(variable) {
            text = path + text.dropFirst(variable.count)
        }
        let prefix = images + "/"
        if text.hasPrefix(prefix), let real = SymbolicLink.target(images) { return real + "/" + text.dropFirst(prefix.count) }
        return text
    }

    /// The NoCloud seed of a machine, as QEMU sees it.
    package func seed(_ machine: String) -> String { resolved("\(images)/\(machine)_seed.iso") }
    /// The variables of a machine that UEFI starts.
    package func nvram(_ machine: String) -> String { resolved("\(images)/\(machine).nvram") }
    /// The console log of a machine, written by QEMU, readable by the owner of the prefix.
    package func console(_ machine: String) -> String { resolved("\(images)/\(machine).console.log") }
}
