import AtollXML

/// Kind of domain that libvirt reports capabilities for.
package struct DomainKind: Sendable, Hashable {
    /// libvirt's spelling: `x86_64`, `aarch64`.
    package var arch: String
    /// Machine type; nil for the default of the architecture.
    package var machine: String?
    package var type: VirtualizationType
    /// Absolute path of the QEMU binary.
    package var emulator: String

    package init(arch: String, machine: String? = nil, type: VirtualizationType, emulator: String) {
        self.arch = arch
        self.machine = machine
        self.type = type
        self.emulator = emulator
    }

    /// Whether UEFI is the only firmware of its machine type.
    package var requiresUEFI: Bool { Board(arch: arch, machine: machine).needsUEFI }
    /// TPM model of its machine type.
    package var tpmModel: String { Board(arch: arch, machine: machine).isX86 ? "tpm-crb" : "tpm-tis" }
}

/// Optional parts that a host offers to domains of one kind.
package struct DomainCapabilities: Sendable, Equatable {
    /// `bios`, `efi`: firmware that libvirt selects automatically.
    package var firmwares: Set<String>
    /// Paths of the firmware images that libvirt knows.
    package var firmwareLoaders: Set<String>
    /// `tpm-crb`, `tpm-tis`, …
    package var tpmModels: Set<String>
    /// `emulator` where swtpm is installed.
    package var tpmBackends: Set<String>

    package init(
        firmwares: Set<String> = [], firmwareLoaders: Set<String> = [], tpmModels: Set<String> = [], tpmBackends: Set<String> = []
    ) {
        self.firmwares = firmwares
        self.firmwareLoaders = firmwareLoaders
        self.tpmModels = tpmModels
        self.tpmBackends = tpmBackends
    }

    /// From the text of `virConnectGetDomainCapabilities`. - Throws: `XMLError` if the text is not XML.
    package init(xml: String) throws {
        let root = try XML.read(xml)
        func values(_ parent: Element?, _ name: String) -> Set<String> {
            Set((parent?.all("enum") ?? []).filter { $0["name"] == name }.flatMap { $0.all("value").map(\.text) })
        }
        firmwares = values(root.first("os"), "firmware")
        firmwareLoaders = Set((root.first("os", "loader")?.all("value") ?? []).map(\.text))
        let tpm = root.first("devices", "tpm")
        tpmModels = values(tpm, "model")
        tpmBackends = values(tpm, "backendModel")
    }
}
