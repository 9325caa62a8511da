package import AtollModel
package import AtollVirtXML
import OrderedCollections

/// Derives the definition of a domain from a VM of an environment and the capabilities of the host.
package struct DomainPlanner: Sendable {
    /// Absolute paths of the files that QEMU opens for one VM.
    package struct Files: Sendable {
        package var consoleLog: String
        /// UEFI variables.
        package var nvram: String
        /// NoCloud seed, attached if the VM is bootstrapped by cloud-init.
        package var seed: String
        /// Maps the path of an image as the environment stores it to an absolute path.
        package var resolve: @Sendable (String) -> String

        package init(consoleLog: String, nvram: String, seed: String, resolve: @escaping @Sendable (String) -> String) {
            self.consoleLog = consoleLog
            self.nvram = nvram
            self.seed = seed
            self.resolve = resolve
        }
    }

    /// Host properties that are slow to read, so each is read only for VMs that depend on it. See `needsCPUModels` and
    /// `needsDomainCapabilities`.
    package struct Details: Sendable {
        package var cpuModels: CPUModels?
        package var domainCapabilities: DomainCapabilities?

        package init(cpuModels: CPUModels? = nil, domainCapabilities: DomainCapabilities? = nil) {
            self.cpuModels = cpuModels
            self.domainCapabilities = domainCapabilities
        }
    }

    package var host: HostCapabilities
    package var accelerator: Accelerator

    package init(host: HostCapabilities, accelerator: Accelerator) {
        self.host = host
        self.accelerator = accelerator
    }

    private var type: VirtualizationType { VirtualizationType(accelerator) }

    /// Architecture, machine type and emulator of a VM. The architecture is that of the init file, else of the image, else of the host.
    /// - Throws: `DomainPlanError.Code.emulator`.
    package func kind(of machine: Machine) throws(DomainPlanError) -> DomainKind {
        let arch = machine.spec.architecture ?? machine.disks.first?.metadata["arch"]?.text ?? host.arch
        guard let emulator = host.emulator(arch: arch, virtualizationType: type) else {
            throw DomainPlanError(
                .emulator, "VM '\(machine.name)': no QEMU for \(arch) guests with \(type.rawValue) is installed on this host",
                hint: "atoll doctor")
        }
        return DomainKind(arch: arch, machine: machine.spec.machine, type: type, emulator: emulator)
    }

    /// Firmware of a VM: that of the init file, else UEFI if it is the only firmware that the image supports, else nil (the default).
    package func firmware(of machine: Machine) -> Firmware? {
        if let firmware = machine.spec.firmware { return firmware }
        let supported = machine.disks.first?.metadata["firmware"].map { value in
            (value.elements ?? [value]).compactMap { $0.text.flatMap(Firmware.init) }
        }
        return supported == [.uefi] ? .uefi : nil
    }

    /// Whether `definition` needs `Details.cpuModels`.
    package func needsCPUModels(_ machine: Machine) -> Bool { machine.spec.cpuModel != nil }

    /// Whether `definition` needs `Details.domainCapabilities`.
    /// - Throws: `DomainPlanError.Code.emulator`.
    package func needsDomainCapabilities(_ machine: Machine) throws(DomainPlanError) -> Bool {
        let kind = try kind(of: machine)
        return machine.spec.hasTPM || usesUEFI(machine, kind)
    }

    /// The definition of a VM's domain.
    /// - Parameter machine: with the complete backing chain of each disk.
    /// - Throws: `DomainPlanError` if the host lacks a part; `VirtXMLError` for an unknown CPU model or an invalid name.
    package func definition(
        of machine: Machine, in environment: Environment, files: Files, details: Details = Details()
    ) throws -> DomainDefinition {
        let kind = try kind(of: machine)
        try checkParts(of: machine, kind, details.domainCapabilities ?? DomainCapabilities())
        var definition = DomainDefinition(
            name: HostNames.domain(environment.id, machine.name), memoryMiB: machine.memory, vcpus: machine.vcpus, type: type,
            arch: kind.arch, machine: kind.machine, emulator: kind.emulator, cpu: try cpu(of: machine, details.cpuModels),
            disks: disks(of: machine, files), nics: try machine.nics.map { try nic($0, environment) },
            graphics: machine.spec.graphics, consoleLogPath: files.consoleLog,
            ownerTag: OwnerTag(
                prefix: environment.id, role: .vm, name: machine.name, expires: machine.spec.metadata["atoll-expires"]?.text),
            hasVhostNet: type == .kvm && host.hasVhostNet)
        definition.firmware = firmware(of: machine)
        definition.nvramPath = files.nvram
        definition.hasTPM = machine.spec.hasTPM
        return definition
    }

    // MARK: Parts

    private func usesUEFI(_ machine: Machine, _ kind: DomainKind) -> Bool { firmware(of: machine) == .uefi || kind.requiresUEFI }

    private func checkParts(of machine: Machine, _ kind: DomainKind, _ offered: DomainCapabilities) throws(DomainPlanError) {
        if usesUEFI(machine, kind), !offered.firmwares.contains("efi") {
            let package = kind.arch == "aarch64" ? "qemu-efi-aarch64 (Fedora: edk2-aarch64)" : "ovmf (Fedora: edk2-ovmf)"
            throw DomainPlanError(
                .firmware, "VM '\(machine.name)': no UEFI firmware for \(kind.arch) guests is installed on this host",
                hint: "install the package \(package)")
        }
        if machine.spec.hasTPM, !offered.tpmBackends.contains("emulator") || !offered.tpmModels.contains(kind.tpmModel) {
            throw DomainPlanError(
                .tpm, "VM '\(machine.name)': 'tpm: true' is unsupported on this host: it cannot emulate \(kind.tpmModel)",
                hint: "install the packages swtpm and swtpm-tools")
        }
    }

    private func cpu(of machine: Machine, _ models: CPUModels?) throws -> CPUChoice {
        switch (machine.spec.cpuModel, machine.spec.cpuCustom) {
        case (nil, nil): return .host
        case (nil, let custom?): return .custom(custom, topology: machine.spec.vcpu != nil)
        case (_?, _?):
            throw DomainPlanError(
                .cpu, "VM '\(machine.name)': 'cpu_model' and 'cpu_custom' conflict", hint: "remove one of the two keys")
        case (let model?, nil):
            guard let vendor = try models?.vendor(of: model) else { return .model(model) }
            // Emulation does not support either flag well enough for a hypervisor in the guest.
            guard type == .kvm, host.cpu.vendor == vendor else { return .model(model) }
            let flag: String? =
                switch vendor {
                case "Intel": "vmx"
                case "AMD": "svm"
                default: nil
                }
            return .model(model, nested: flag.flatMap { host.cpu.features.contains($0) ? $0 : nil })
        }
    }

    private func nic(_ nic: NIC, _ environment: Environment) throws -> DomainDefinition.NICDevice {
        let isFiltered = environment.networks[nic.net]?.isFiltered == true
        return DomainDefinition.NICDevice(
            network: try HostNames.network(environment.id, nic.net), mac: nic.mac, mtu: nic.mtu,
            filter: isFiltered ? HostNames.filter(environment.id, nic.net) : nil)
    }

    private func disks(of machine: Machine, _ files: Files) -> [DomainDefinition.DiskDevice] {
        var all = machine.disks.enumerated().map { offset, disk in
            DomainDefinition.DiskDevice(
                index: offset + 1, image: DomainDefinition.Layer(path: files.resolve(disk.path), format: disk.format.imageFormat),
                target: disk.device, isCDROM: disk.format == .iso, readonly: disk.format == .iso,
                backing: disk.backing.map { DomainDefinition.Layer(path: files.resolve($0.path), format: $0.format.imageFormat) })
        }
        if machine.bootstrap == .cloudInit { all.append(seedDisk(files.seed, beside: all)) }
        return all
    }

    /// A virtio disk, not a CD-ROM: a guest that boots from virtio can read it without an IDE or AHCI driver.
    private func seedDisk(_ path: String, beside disks: [DomainDefinition.DiskDevice]) -> DomainDefinition.DiskDevice {
        let used = Set(disks.map(\.target))
        let target = "zyxwvutsrqponmlkjihgfedcba".map { "vd\($0)" }.first { !used.contains($0) } ?? "vdz"
        return DomainDefinition.DiskDevice(
            index: disks.count + 1, image: DomainDefinition.Layer(path: path, format: "raw"), target: target, readonly: true)
    }
}
