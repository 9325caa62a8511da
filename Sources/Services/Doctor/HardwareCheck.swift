import Foundation

/// What only some VMs ask for: firmware for `firmware: uefi`, and the programs that emulate a TPM for `tpm: true`.
enum HardwareCheck {
    static func findings(_ facts: HostFacts, _ remedies: Remedies) -> [Finding] { [firmware(facts, remedies), tpm(facts, remedies)] }

    private static func tpm(_ facts: HostFacts, _ remedies: Remedies) -> Finding {
        let id = "tpm", title = "emulated TPMs"
        // libvirt starts all three: the emulator, what prepares its state, and what talks to it.
        let missing = ["swtpm", "swtpm_setup", "swtpm_ioctl"].filter { facts.program($0) == nil }
        guard !missing.isEmpty else { return Finding(id, .ok, title, "swtpm is there") }
        return Finding(
            id, .warning, title,
            "\(missing.joined(separator: ", ")) \(missing.count == 1 ? "is" : "are") not installed; only VMs with `tpm: true` need it",
            remedy: remedies.install("swtpm"))
    }

    private static let places = ["/usr/share/qemu/firmware", "/etc/qemu/firmware"]

    private static func firmware(_ facts: HostFacts, _ remedies: Remedies) -> Finding {
        let id = "uefi", title = "UEFI firmware"
        guard let architecture = architecture(facts.machine) else {
            return Finding(id, .ok, title, "guests of \(facts.machine) have none")
        }
        var lost: String?
        for place in places {
            for name in facts.list(place).sorted() where name.hasSuffix(".json") {
                guard let file = facts.read(place + "/" + name).flatMap({ image($0, architecture) }) else { continue }
                if facts.status(file) != nil { return Finding(id, .ok, title, "it is \(file)") }
                lost = lost ?? "\(place)/\(name) names \(file), which is not there"
            }
        }
        return Finding(
            id, .warning, title, "\(lost ?? "there is none for \(architecture) guests"); only VMs with `firmware: uefi` need it",
            remedy: remedies.install("uefi"))
    }

    /// QEMU's name of it, as descriptors have it; nil where there is no UEFI.
    private static func architecture(_ machine: String) -> String? {
        switch machine {
        case "x86_64", "aarch64", "loongarch64", "riscv64": machine
        case "i686", "i386": "i386"
        case "armv7l", "armv6l": "arm"
        default: nil
        }
    }

    /// The image that a descriptor (QEMU's docs/interop/firmware.json, by which libvirt chooses) names, if it is UEFI for `architecture`.
    static func image(_ descriptor: String, _ architecture: String) -> String? {
        guard let found = try? JSONDecoder().decode(Descriptor.self, from: Data(descriptor.utf8)), found.kinds.contains("uefi"),
            found.targets.contains(where: { $0.architecture == architecture })
        else { return nil }
        return found.mapping.executable?.filename ?? found.mapping.filename
    }

    private struct Descriptor: Decodable {
        struct Target: Decodable { var architecture: String }
        struct File: Decodable { var filename: String }
        struct Mapping: Decodable {
            /// Of flash; firmware in plain memory has its name beside it.
            var executable: File?
            var filename: String?
        }
        enum CodingKeys: String, CodingKey {
            case kinds = "interface-types", mapping, targets
        }
        var kinds: [String]
        var mapping: Mapping
        var targets: [Target]
    }
}
