package import AtollModel

/// Who executes the guest's instructions: libvirt's domain type.
package enum VirtualizationType: String, Sendable, CaseIterable {
    case kvm, qemu

    package init(_ accelerator: Accelerator) { self = accelerator == .kvm ? .kvm : .qemu }
}

/// The processor a guest sees.
package enum CPUChoice: Sendable, Equatable {
    /// The host's own, or under emulation all that QEMU can do.
    case host
    /// Exactly this model; `nested` is the flag (`vmx`, `svm`) that lets the guest virtualise, where it is to be required.
    case model(String, nested: String? = nil)
    /// A literal `<cpu>` element in xmltodict style. `topology` says whether to add one when it has none.
    case custom(Value, topology: Bool)

    /// The choice that an init file makes.
    /// - Parameters:
    ///   - models: asked only for a `cpu_model`, because reading the map takes time.
    ///   - hostCPU: the same; nil when it cannot be known.
    /// - Throws: `.cpu` when model and custom are both set; `.cpuModel` when there is no such model.
    package static func choose(
        model: String?, custom: Value?, vcpuIsExplicit: Bool, type: VirtualizationType, models: () throws -> CPUModels,
        hostCPU: () throws -> HostCapabilities.CPU?
    ) throws -> CPUChoice {
        switch (model, custom) {
        case (nil, nil): return .host
        case (nil, let custom?): return .custom(custom, topology: vcpuIsExplicit)
        case (_?, _?): throw VirtXMLError(.cpu, "Defining both cpu_model and cpu_custom is not supported.")
        case (let model?, nil):
            let vendor = try models().vendor(of: model)
            // QEMU's emulation offers neither flag in a way a guest hypervisor could count on.
            guard type == .kvm, let host = try hostCPU(), host.vendor == vendor else { return .model(model) }
            let flag: String? =
                switch vendor {
                case "Intel": "vmx"
                case "AMD": "svm"
                default: nil
                }
            return .model(model, nested: flag.flatMap { host.features.contains($0) ? $0 : nil })
        }
    }
}

/// Processors and memory that lie near each other.
package struct NUMACell: Sendable, Equatable {
    /// Numbers of its processors: `0` or `0-3`.
    package var cpus: String
    /// MiB.
    package var memory: Int

    /// The cells of a guest: of four processors where these divide evenly, else of two, else of one, but two cells for two and
    /// for four processors; none for a single one.
    package static func cells(vcpus: Int, memory: Int) -> [NUMACell] {
        guard vcpus > 1 else { return [] }
        let size =
            switch (vcpus, vcpus % 4) {
            case (2, _): 1
            case (4, _): 2
            case (_, 0): 4
            case (_, 2): 2
            default: 1
            }
        let count = vcpus / size
        return (0..<count).map { cell in
            let first = cell * size
            return NUMACell(cpus: size == 1 ? "\(first)" : "\(first)-\(first + size - 1)", memory: memory / count)
        }
    }
}
