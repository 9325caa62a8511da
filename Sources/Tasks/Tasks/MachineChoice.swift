public import AtollDisposable
public import AtollFormula
public import AtollModel

/// What VM a run gets. The command line beats the formula, the formula the item, the item the configuration.
public struct MachineChoice: Sendable, Equatable {
    /// What the command line says; nil and false say nothing.
    public struct Flags: Sendable, Equatable {
        /// A template, a path, or `DISTRO:RELEASE`.
        public var image: String?
        /// What the item says of its distribution must be had.
        public var matchHost = false
        public var memoryMiB: Int?
        public var cpus: Int?
        /// The least size of the disk.
        public var diskBytes: Int64?
        public var egress: Egress?

        public init() {}
    }

    /// What the configuration says.
    public struct Defaults: Sendable, Equatable {
        public var kind: DevisedEnvironment.Defaults
        /// The image where nothing asks for a particular one.
        public var image: String
        /// `imageurl` where `force_imageurl` is set: whatever else is said.
        public var forcedURL: String?
        public var egress: Egress
        public var size = Hardware.Machine(memoryMiB: 1024, cpus: 2)

        public init(kind: DevisedEnvironment.Defaults, image: String, forcedURL: String?, egress: Egress) {
            self.kind = kind
            self.image = image
            self.forcedURL = forcedURL
            self.egress = egress
        }
    }

    /// A machine without its image, and what its user should know.
    public struct Size: Sendable, Equatable {
        public var machine: Hardware.Machine
        public var egress: Egress
        public var warnings: [String] = []

        /// The VM of a run on an image.
        public func request(run: String, image: VMRequest.Image) -> VMRequest {
            var request = VMRequest(
                run: run, image: image, memoryMiB: machine.memoryMiB, cpus: machine.cpus, diskBytes: machine.diskBytes, hasTPM: machine.tpm,
                usesUEFI: machine.uefi, egress: egress)
            request.extraDiskBytes = machine.extraDiskBytes
            return request
        }
    }

    public var flags: Flags
    public var defaults: Defaults

    public init(flags: Flags, defaults: Defaults) {
        self.flags = flags
        self.defaults = defaults
    }

    /// Which image is looked for.
    public func imageWish(_ environment: EnvironmentWish, item: String?, type: ItemType?, arch: String) -> ImageWish {
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
    public func size(_ environment: EnvironmentWish = EnvironmentWish()) throws -> Size {
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
    public var title: String { image ?? (criteria == ImageCriteria() ? defaultImage : "\(criteria)") }
}
