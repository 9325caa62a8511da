package import AtollInstances
package import AtollFormula
package import AtollModel

/// What VM a run gets. The command line beats the formula, the formula the item, the item the configuration.
package struct MachineChoice: Sendable, Equatable {
    /// What the command line says; nil and false say nothing.
    package struct Flags: Sendable, Equatable {
        /// A template, a path, or `DISTRO:RELEASE`.
        package var image: String?
        /// What the item says of its distribution must be had.
        package var matchHost = false
        package var memoryMiB: Int?
        package var cpus: Int?
        /// The least size of the disk.
        package var diskBytes: Int64?
        package var egress: Egress?

        package init() {}
    }

    /// What the configuration says.
    package struct Defaults: Sendable, Equatable {
        package var kind: DevisedEnvironment.Defaults
        /// The image where nothing asks for a particular one.
        package var image: String
        /// `imageurl` where `force_imageurl` is set: whatever else is said.
        package var forcedURL: String?
        package var egress: Egress
        package var size = Hardware.Machine(memoryMiB: 1024, cpus: 2)

        package init(kind: DevisedEnvironment.Defaults, image: String, forcedURL: String?, egress: Egress) {
            self.kind = kind
            self.image = image
            self.forcedURL = forcedURL
            self.egress = egress
        }
    }

    /// A machine without its image, and what its user should know.
    package struct Size: Sendable, Equatable {
        package var machine: Hardware.Machine
        package var egress: Egress
        package var warnings: [String] = []

        /// The VM of a run on an image.
        package func request(run: String, image: VMRequest.Image) -> VMRequest {
            var request = VMRequest(
                run: run, image: image, memoryMiB: machine.memoryMiB, cpus: machine.cpus, diskBytes: machine.diskBytes, hasTPM: machine.tpm,
                usesUEFI: machine.uefi, egress: egress)
            request.extraDiskBytes = machine.extraDiskBytes
            return request
        }
    }

    package var flags: Flags
    package var defaults: Defaults

    package init(flags: Flags, defaults: Defaults) {
        self.flags = flags
        self.defaults = defaults
    }

    /// Which image is looked for.
    package func imageWish(_ environment: EnvironmentWish, item: String?, type: ItemType?, arch: String) -> ImageWish {
        let devised = DevisedEnvironment.devise(environment, item: item, type: type, arch: arch, defaults: defaults.kind)
        let demand = devised.demand(environment, matchHost: flags.matchHost)
        // Our own defaults are nobody's wish; the user's complete what somebody insists on.
        func said(_ choice: DevisedEnvironment.Choice) -> String? {
            switch choice.source {
            case .item, .formula: choice.value
            case .configuration: demand == .required ? choice.value : nil
            case .default: nil
            }
        }
        var criteria = ImageCriteria()
        if demand != .none {
            criteria = ImageCriteria(
                distro: said(devised.distro), release: said(devised.release), flavor: said(devised.flavor), arch: devised.arch.value)
        }
        var wish = ImageWish(
            image: flags.image ?? environment.image, forcedURL: defaults.forcedURL, criteria: criteria, isAsked: demand == .required,
            defaultImage: defaults.image)
        let configured = EnvironmentWish.Trait.allCases.filter { devised[$0].source == .configuration }.map(\.rawValue)
        if demand == .required, !configured.isEmpty {
            wish.origin = "its \(configured.joined(separator: ", ")) as the configuration has it (default_disposable_\(configured[0]))"
        }
        return wish
    }

    /// Memory, processors, disk, devices, and what is reached from there.
    /// - Throws: `DisposableError.hardware` when the formula insists on what is not to be had.
    package func size(_ environment: EnvironmentWish = EnvironmentWish()) throws -> Size {
        let wishes = environment.hardware
        var machine = wishes.resolve(defaults.size)
        machine.memoryMiB = flags.memoryMiB ?? machine.memoryMiB
        machine.cpus = flags.cpus ?? machine.cpus
        machine.diskBytes = flags.diskBytes ?? machine.diskBytes
        let short = wishes.shortfalls(of: machine).map { "the VM does not have what the formula wants of hardware.\($0)" }
        if wishes.isStrict, let first = wishes.unsupported.first.map({ "\($0.path) is not to be had here" }) ?? short.first {
            throw DisposableError(.hardware, "the formula insists on its hardware: \(first)")
        }
        return Size(
            machine: machine, egress: flags.egress ?? environment.egress ?? defaults.egress,
            warnings: wishes.unsupported.map { "\($0)" } + short)
    }
}

extension ImageWish {
    /// The image as far as it is known before anything is looked for.
    package var title: String { image ?? (criteria == ImageCriteria() ? defaultImage : "\(criteria)") }
}
