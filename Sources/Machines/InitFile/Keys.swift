import AtollModel

/// Every key that means something in an init file: the decoder warns about all others, and the schema describes these.
enum Keys {
    /// A kind of place that has keys of its own.
    enum Place: String, CaseIterable, Hashable {
        case root = "the top level"
        case domain = "a VM"
        case disk = "a disk"
        case nic = "a NIC"
        case net = "a net"
        case dhcp = "dhcp"
        case cloudInit = "cloud-init"
    }

    struct Key {
        var name: String
        /// A JSON Schema fragment, without the description.
        var schema: Value
        var about: String
        /// Written by the product into saved specs, or read only from old files: known, and not offered to anyone who starts a file.
        var isLegacy = false

        init(_ name: String, _ schema: Value, _ about: String, legacy: Bool = false) {
            self.name = name
            self.schema = schema
            self.about = about
            isLegacy = legacy
        }
    }

    static func known(at place: Place) -> [Key] {
        switch place {
        case .root: root
        case .domain: domain
        case .disk: disk
        case .nic: nic
        case .net: net
        case .dhcp: dhcp
        case .cloudInit: cloudInit
        }
    }

    static let names: [Place: Set<String>] = Dictionary(
        uniqueKeysWithValues: Place.allCases.map { ($0, Set(known(at: $0).map(\.name))) })

    /// What people write when they mean one of ours, without dashes.
    static let synonyms = [
        "device": "dev", "ram": "memory", "mem": "memory", "network": "net", "networks": "nets", "vms": "domains", "machines": "domains",
        "image": "template_name", "template": "template_name", "gateway": "gw", "driver": "type", "hostname": "name",
        "password": "root-password",
        "interfaces": "nics", "address": "ip", "user": "ssh-user", "architecture": "arch", "display": "graphics", "mgmt": "management",
        "file": "path", "vcpus": "vcpu", "provider": "vm-provider", "scripts": "deploy-scripts",
    ]

    /// As libvirt spells them; those whose usual machine is known.
    static let architectures = ["x86_64", "i686", "aarch64", "armv7l", "loongarch64", "ppc64", "ppc64le", "riscv64", "s390x"]

    private static let name: Value = ["type": "string", "pattern": .string(Names.domainPattern)]
    private static let text: Value = ["type": "string"]
    private static let scalar: Value = ["type": ["string", "integer"]]
    private static let count: Value = ["anyOf": [["type": "integer", "minimum": 1], ["type": "string", "pattern": "^[0-9]+$"]]]
    private static let flag: Value = ["type": ["boolean", "string", "integer"]]
    private static let mapping: Value = ["type": "object"]
    private static let texts: Value = ["anyOf": [["type": "array", "items": scalar], ["type": ["string", "null"]]]]
    private static func one(of words: [String]) -> Value { ["enum": .list(words.map(Value.string))] }

    private static let root = [
        Key(
            "domains", ["type": "object", "propertyNames": ["$ref": "#/$defs/name"], "additionalProperties": ["$ref": "#/$defs/domain"]],
            "The VMs, by name. A name becomes the host name."),
        Key(
            "nets", ["type": "object", "propertyNames": ["$ref": "#/$defs/name"], "additionalProperties": ["$ref": "#/$defs/net"]],
            "The networks, by name. Subnets are leased in this order."),
        Key("prototypes", mapping, "Members for domains that say `based-on: NAME`; anchors and merge keys do the same.", legacy: true),
    ]

    private static let domain = [
        Key("memory", count, "Memory in MiB; 16384 when absent."),
        Key("vcpu", count, "Number of virtual CPUs; 2 when absent."),
        Key("arch", one(of: architectures), "Guest architecture; the host's when absent."),
        Key("machine", ["type": "string", "examples": ["q35", "pc", "virt"]], "QEMU machine type; q35 on x86_64 when absent."),
        Key("cpu_model", ["type": "string", "examples": ["SandyBridge"]], "An exact libvirt CPU model; not together with cpu_custom."),
        Key("cpu_custom", mapping, "A literal libvirt <cpu> element: `@name` is an attribute, `#text` the text."),
        Key("disks", ["type": ["array", "null"], "items": ["$ref": "#/$defs/disk"]], "The disks; the first one boots."),
        Key(
            "nics", ["type": ["array", "null"], "items": ["$ref": "#/$defs/nic"]], "The NICs, eth0 first; one of them on a management net."),
        Key(
            "bootstrap", ["enum": ["sysprep", "cloud-init", "none", true, false]],
            "How the guest gets its identity; what its template says when absent."),
        Key("cloud-init", ["$ref": "#/$defs/cloudInit"], "User-data and meta-data, merged over our own."),
        Key(
            "firmware", one(of: Firmware.allCases.map(\.rawValue)), "What starts it; bios on x86 when absent, uefi where there is no other."
        ),
        Key("tpm", flag, "Whether it has a TPM 2.0, emulated by swtpm; false when absent."),
        Key("graphics", one(of: Graphics.allCases.map(\.rawValue)), "A display, on loopback only; none when absent."),
        Key("root-password", scalar, "The guest's root password; no password is set when absent."),
        Key("ssh-user", text, "The user to log in as; root when absent."),
        Key("ssh-password", scalar, "The password to log in with, beside the key."),
        Key("boot_time_sec", count, "Seconds to wait for ssh; 600 when absent."),
        Key("distro", text, "Which bootstrap recipe fits, when the template does not say it."),
        Key("vm-type", text, "`default`, or a VM type that a plugin brings."),
        Key("vm-provider", one(of: ["local-libvirt", "ssh"]), "`ssh` for a machine that something else runs."),
        Key("service_provider", text, "systemd, sysvinit or systemdcontainer; found out when absent."),
        Key("groups", texts, "Groups of the Ansible inventory."),
        Key("artifacts", texts, "Guest paths that `collect` fetches."),
        Key(
            "metadata", ["type": ["object", "null"], "properties": ["deploy-scripts": texts]],
            "Free data; `deploy-scripts` lists the scripts that `deploy` runs."),
        Key("skip-export", flag, "Leave this VM out of exports."),
        Key("comment", ["type": ["string", "null"]], "Not read."),
        Key("type", text, "`ova`: the whole VM comes from the file at `url`."),
        Key("url", text, "Where the OVA is."),
        Key("based-on", ["type": ["string", "object"]], "The prototype this VM starts from.", legacy: true),
        Key("cpu", scalar, "Not read; `vcpu` is.", legacy: true),
        Key("cpus", scalar, "Not read; `vcpu` is.", legacy: true),
        Key("service_class", text, "Not read; `service_provider` is.", legacy: true),
        Key("guest-agent", text, "Written by the product: the name of the agent's service.", legacy: true),
        Key("name", text, "Written by the product.", legacy: true),
        Key("mgmt_net", text, "Written by the product: the management net the VM is on.", legacy: true),
        Key("snapshots", mapping, "Written by the product.", legacy: true),
    ]

    private static let disk = [
        Key("name", ["$ref": "#/$defs/name"], "Part of the image's file name."),
        Key(
            "dev", ["type": "string", "pattern": .string(Names.devicePattern), "examples": ["vda", "sda"]],
            "Guest device: vd* is virtio, sd* virtio-scsi."),
        Key("format", one(of: DiskSpec.Format.allCases.map(\.rawValue)), "Image format; an iso becomes a CD drive."),
        Key("type", one(of: ["template", "empty", "file"]), "Where the disk comes from."),
        Key("template_type", one(of: ["lago", "qcow2"]), "`lago` (the default): a template of the store; `qcow2`: the image at `path`."),
        Key("template_name", ["type": ["string", "integer", "null"]], "Name of a template."),
        Key("template_version", ["type": ["string", "number"]], "Version of the template; the newest when absent."),
        Key(
            "size", ["type": ["string", "integer"], "examples": ["10G", ">= 10G"]],
            "Size of an empty disk, or of one on a template or qcow2, with k, M, G or T; `>= 10G` is at least that."),
        Key("path", ["type": ["string", "null"]], "Path of the file; $VARIABLES are expanded, relative to the current directory."),
        Key("url", text, "Where a file disk is downloaded from."),
        Key("make_a_copy", flag, "Copy the file into the prefix instead of using it in place."),
        Key("build", ["type": ["array", "null"], "items": mapping], "virt-customize steps, run once at init."),
        Key("metadata", ["type": ["object", "null"]], "Data about the disk, such as `distro`; the template's own wins."),
        Key("skip-export", flag, "Leave this disk out of exports."),
        Key("comment", ["type": ["string", "null"]], "Not read."),
    ]

    private static let nic = [
        Key("net", text, "Name of a net of this file; the same net may be listed more than once."),
        Key("ip", scalar, "A fixed address; on a leased subnet only its last octet counts."),
        Key("comment", ["type": ["string", "null"]], "Not read."),
        Key("mtu", count, "Written by the product, from the net.", legacy: true),
    ]

    private static let net = [
        Key("type", one(of: NetKind.allCases.map(\.rawValue)), "nat (the default), isolated, or bridge."),
        Key("gw", text, "The gateway; leased from 192.168.200.0/24 to 192.168.255.0/24 when absent."),
        Key("management", ["type": ["boolean", "null"]], "VMs are reached on this net, and their names resolve there."),
        Key("dhcp", ["$ref": "#/$defs/dhcp"], "The dynamic range; without it there is no DHCP on this net."),
        Key("dns_domain_name", name, "DNS domain of a management net; lago.local when absent."),
        Key(
            "dns_records", ["type": ["object", "null"], "propertyNames": name, "additionalProperties": text],
            "Further names, with their addresses."),
        Key(
            "mtu",
            [
                "anyOf": [
                    ["type": "integer", "minimum": .int(NetDecoder.mtu.lowerBound), "maximum": .int(NetDecoder.mtu.upperBound)],
                    ["type": "string", "pattern": "^[0-9]+$"],
                ]
            ],
            "MTU of the net and its NICs; 1500 when absent."),
        Key("ipv6", flag, "Whether the net has IPv6 addresses, too; true when absent."),
        Key(
            "egress", ["anyOf": [["type": "boolean"], one(of: ["on", "outside", "off"]), ["type": "array", "items": text]]],
            "What guests reach beyond the net: on (the default), outside (all but this host), off, or a list of \(Egress.Destination.rule)."
        ),
        Key("comment", ["type": ["string", "null"]], "Not read."),
        Key("main_dns", flag, "Counts as a DNS attribute; not read otherwise.", legacy: true),
        Key("name", text, "Written by the product.", legacy: true),
        Key("mapping", mapping, "Written by the product.", legacy: true),
        Key("dns_forward", text, "Written by the product.", legacy: true),
    ]

    private static let dhcp = [
        Key("start", ["type": ["integer", "string"]], "First last octet of the dynamic range."),
        Key("end", ["type": ["integer", "string"]], "Last last octet of the dynamic range."),
    ]

    private static let cloudInit = [
        Key("user-data", ["anyOf": [["$ref": "#/$defs/pathOnly"], mapping]], "A mapping, or `path: FILE`."),
        Key("meta-data", ["anyOf": [["$ref": "#/$defs/pathOnly"], mapping]], "A mapping, or `path: FILE`."),
    ]
}
