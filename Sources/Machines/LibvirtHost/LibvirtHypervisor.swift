package import AtollHostPorts
import AtollLibvirt
package import AtollModel
import AtollPlatform
import AtollVirtXML
import AtollXML
import Glibc
import OrderedCollections

/// Domains through libvirt.
package struct LibvirtHypervisor: Hypervisor {
    private let link: LibvirtLink

    package init(_ link: LibvirtLink) { self.link = link }

    package func domains() async throws -> [ObservedDomain] {
        try await link.use { connection in
            try connection.listDomains().compactMap { domain in
                // One that vanished between the list and the look is simply not there.
                do { return try Self.observe(domain) } catch let error as LibvirtError where error.isNotFound { return nil }
            }
        }
    }

    package func domain(named name: String) async throws -> ObservedDomain? {
        try await link.use { connection in
            do { return try Self.observe(try connection.lookupDomain(name: name)) } catch let error as LibvirtError where error.isNotFound {
                return nil
            }
        }
    }

    package func hardware() async throws -> HardwareOffer {
        try await link.use { connection in
            let capabilities = try HostCapabilities(xml: try connection.capabilities())
            let machines = Dictionary(capabilities.guests.map { ($0.arch, $0.machines) }, uniquingKeysWith: { $0.union($1) })
            return HardwareOffer(machines: machines, cpuModels: (try? CPUModels()).map { Set($0.vendors.keys) })
        }
    }

    package func start(_ machine: Machine, of environment: Environment, files: PrefixFiles, accelerator: Accelerator) async throws {
        try HostBridge.check(machine, of: environment)
        let machine = try await Blocking.run { try DiskPresence.completed(machine, files) }
        try prepareConsoleLog(files.console(machine.name))
        try await link.use { connection in
            let type = VirtualizationType(accelerator)
            let capabilities = try HostCapabilities(xml: try connection.capabilities())
            if let user = capabilities.qemuUser { try DiskPresence.checkAccess(machine, files, uid: user) }
            let arch = machine.spec.architecture ?? machine.disks.first?.metadata["arch"]?.text ?? capabilities.arch
            guard let emulator = capabilities.emulator(arch: arch, virtualizationType: type) else {
                throw EnvironmentError(
                    .hostFailure, "no QEMU for \(arch) guests with \(type.rawValue) is installed on this host; see: atoll doctor")
            }
            let cpu = try CPUChoice.choose(
                model: machine.spec.cpuModel, custom: machine.spec.cpuCustom, vcpuIsExplicit: machine.spec.vcpu != nil, type: type,
                models: { try CPUModels() }, hostCPU: { capabilities.cpu })
            var definition = try DomainDefinition(
                machine, of: environment, type: type, cpu: cpu, arch: arch, emulator: emulator,
                hasVhostNet: type == .kvm && SystemCall.exists("/dev/vhost-net"), consoleLogPath: files.console(machine.name),
                path: { files.resolved($0) })
            // Where the init file says nothing, an image that only UEFI starts is started by it.
            let offered = machine.disks.first?.metadata["firmware"].map(Firmware.named) ?? []
            if definition.firmware == nil, offered == [.uefi] { definition.firmware = .uefi }
            definition.nvramPath = files.nvram(machine.name)
            try Self.checkParts(definition, machine, connection)
            if machine.bootstrap == .cloudInit {
                definition.disks.append(Self.seedDisk(files.seed(machine.name), beside: definition.disks))
            }
            let isFiltered = definition.nics.contains { $0.filter != nil }
            if isFiltered { try EgressHost.checkBridges(isStarted: false) }
            let xml = try VirtXML.text(definition)
            do {
                let domain = try connection.createDomain(xml: xml)
                do { if isFiltered { try EgressHost.checkBridges(isStarted: true) } } catch {
                    try domain.destroy()
                    throw error
                }
            } catch let error as LibvirtError where error.isConflict {
                // libvirtd went away after it had begun: the domain may be ours and running already.
                let found = try Self.observe(try connection.lookupDomain(name: definition.name))
                guard found.owner == environment.id else { throw error }
            } catch let error as LibvirtError
                where !error.isConnectionFailure && !error.isPermission && !error.isStorageAccess && !error.isInvalidXML
            {
                throw EnvironmentError(
                    .hostFailure,
                    "QEMU could not run \(machine.name); its log is /var/log/libvirt/qemu/\(definition.name).log. It said: \(error)")
            }
        }
    }

    package func stop(named name: String, owner: PrefixID) async throws {
        try await link.use { connection in
            do {
                let domain = try connection.lookupDomain(name: name)
                guard try Self.observe(domain).owner == owner else {
                    throw EnvironmentError(.refused, "the domain \(name) does not carry this environment's mark; it is left alone")
                }
                try domain.destroy()
            } catch let error as LibvirtError where error.isNotFound || error.isOperationInvalid {
                return
            }
        }
    }

    /// libvirt's own words for what is not installed name no package.
    private static func checkParts(_ definition: DomainDefinition, _ machine: Machine, _ connection: Connection) throws {
        guard definition.usesUEFI || definition.hasTPM else { return }
        let offer = try DomainCapabilities(
            xml: try connection.domainCapabilities(
                emulator: definition.emulator, arch: definition.arch, machine: definition.machine,
                virtualizationType: definition.type.rawValue))
        if definition.usesUEFI, !offer.firmwares.contains("efi") {
            let package = definition.arch == "aarch64" ? "qemu-efi-aarch64 (Fedora: edk2-aarch64)" : "ovmf (Fedora: edk2-ovmf)"
            throw EnvironmentError(
                .refused,
                "\(machine.name) is started by UEFI, and this host has none for \(definition.arch) guests; install the package \(package)")
        }
        if definition.hasTPM, !offer.tpmBackends.contains("emulator") || !offer.tpmModels.contains(definition.tpmModel) {
            throw EnvironmentError(
                .refused,
                "\(machine.name) has `tpm: true`, and this host cannot emulate one (\(definition.tpmModel)); install the packages swtpm and "
                    + "swtpm-tools")
        }
    }

    /// A small disk rather than a CD-ROM: every guest that can boot from virtio can read it, without IDE or AHCI drivers.
    private static func seedDisk(_ path: String, beside disks: [DomainDefinition.DiskDevice]) -> DomainDefinition.DiskDevice {
        let used = Set(disks.map(\.target))
        let target = "zyxwvutsrqponmlkjihgfedcba".map { "vd\($0)" }.first { !used.contains($0) } ?? "vdz"
        return DomainDefinition.DiskDevice(
            index: disks.count + 1, image: DomainDefinition.Layer(path: path, format: "raw"), target: target, readonly: true)
    }

    static func observe(_ domain: Domain) throws -> ObservedDomain {
        let state = try domain.state().state
        let text = try domain.xml()
        let description: DomainDescription
        do { description = try DomainDescription(xml: text) } catch let error as XMLError {
            return ObservedDomain(
                name: domain.name, state: MachineState(rawValue: state.rawValue) ?? .unknown, owner: Mark(damaged: text)?.prefix,
                unreadable: error.description)
        }
        let accelerator: Accelerator? =
            switch description.type {
            case "kvm": .kvm
            case "qemu": .tcg
            default: nil
            }
        return ObservedDomain(
            name: domain.name, state: MachineState(rawValue: state.rawValue) ?? .unknown, owner: description.mark?.prefix,
            accelerator: accelerator)
    }

    /// Made by us before virtlogd opens it, so that it belongs to the caller; QEMU's user gets its right by an access list entry.
    /// Each boot starts a new log: virtlogd renames a long one away and makes the next as root, which would not be ours to read or append to.
    private func prepareConsoleLog(_ path: String) throws {
        for old in [path, path + ".0", path + ".1", path + ".2"] { try Directories.removeTree(old) }
        try AtomicFile.write("", to: path, mode: 0o660)
        try ImageFiles.allowQEMU(path, write: true)
    }
}
