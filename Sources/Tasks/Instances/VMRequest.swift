package import AtollModel
package import Foundation
import OrderedCollections

/// The VM a run asks for.
package struct VMRequest: Sendable, Equatable {
    /// What its disk is layered on.
    package enum Image: Sendable, Equatable {
        /// A template of the store, or one that the repository or a shipped recipe gives.
        case template(String)
        /// An image file; it is never written to.
        case file(path: String, format: DiskSpec.Format)

        /// As a person would name it.
        package var name: String {
            switch self {
            case .template(let name): name
            case .file(let path, _): path
            }
        }
    }

    /// The run's id.
    package var run: String
    package var image: Image
    package var memoryMiB: Int
    package var cpus: Int
    /// The least size of its disk, in bytes; nil is the image's own.
    package var diskBytes: Int64?
    /// Sizes of empty disks beside it, in bytes.
    package var extraDiskBytes: [Int64] = []
    package var hasTPM: Bool
    package var usesUEFI: Bool
    /// What the guest reaches beyond its network.
    package var egress: Egress
    /// After this nobody needs it; its domain says so.
    package var expires: Date?

    package init(
        run: String, image: Image, memoryMiB: Int = 1024, cpus: Int = 2, diskBytes: Int64? = nil, hasTPM: Bool = false,
        usesUEFI: Bool = false, egress: Egress = .on
    ) {
        self.run = run
        self.image = image
        self.memoryMiB = memoryMiB
        self.cpus = cpus
        self.diskBytes = diskBytes
        self.hasTPM = hasTPM
        self.usesUEFI = usesUEFI
        self.egress = egress
    }

    /// A kernel alone takes that much (on x86 it is unpacked at 16 MiB and runs from there, beside the initrd it came with). A guest with
    /// less would be waited for until the boot's limit.
    package static let leastMemoryMiB = 64

    /// `taskotron-RUN`; a host name has no underscores, and no dots here.
    package var machineName: String { "taskotron-" + run.replacing("_", with: "-").replacing(".", with: "-").lowercased() }

    /// The init file of its environment: one VM, one network that it shares with nobody.
    func initFile() -> Value {
        var domain: OrderedDictionary<String, Value> = [
            "memory": .int(memoryMiB), "vcpu": .int(cpus), "nics": [["net": "task"]],
            "disks": .list([.map(disk)] + extraDisks),
        ]
        if let expires { domain["metadata"] = ["atoll-expires": .string(expires.formatted(.iso8601))] }
        if hasTPM { domain["tpm"] = true }
        if usesUEFI { domain["firmware"] = "uefi" }
        let reached: Value =
            switch egress {
            case .on: "on"
            case .off: "off"
            case .outside: "outside"
            case .only(let places): .list(places.map { .string($0.description) })
            }
        return [
            "domains": .map([machineName: .map(domain)]),
            "nets": [
                "task": ["type": "nat", "dhcp": ["start": 100, "end": 254], "management": true, "ipv6": false, "egress": reached]
            ],
        ]
    }

    /// `/dev/vdb` and so on.
    private var extraDisks: [Value] {
        zip(extraDiskBytes, "bcdefghijklmnopqrstuvwxyz").enumerated().map { index, disk in
            [
                "name": .string("disk\(index + 1)"), "dev": .string("vd\(disk.1)"), "type": "empty", "format": "qcow2",
                "size": .string(DiskSpec.Size(bytes: disk.0).description),
            ]
        }
    }

    private var disk: OrderedDictionary<String, Value> {
        var disk: OrderedDictionary<String, Value> = ["name": "root", "dev": "vda", "format": "qcow2"]
        switch image {
        case .template(let name):
            disk["type"] = "template"
            disk["template_name"] = .string(name)
        case .file(let path, .qcow2):
            disk["type"] = "template"
            disk["template_type"] = "qcow2"
            disk["path"] = .string(path)
        case .file(let path, let format):
            // Only a qcow2 or a template is layered on.
            disk["type"] = "file"
            disk["format"] = .string(format.rawValue)
            disk["path"] = .string(path)
            disk["make_a_copy"] = true
            return disk
        }
        if let diskBytes { disk["size"] = .string(DiskSpec.Size(bytes: diskBytes, isLeast: true).description) }
        return disk
    }
}
