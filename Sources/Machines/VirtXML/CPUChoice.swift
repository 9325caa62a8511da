package import AtollModel

/// libvirt's domain type: hardware virtualization or emulation.
package enum VirtualizationType: String, Sendable, CaseIterable {
    case kvm, qemu

    package init(_ accelerator: Accelerator) { self = accelerator == .kvm ? .kvm : .qemu }
}

/// Processor of a guest.
package enum CPUChoice: Sendable, Equatable {
    /// The host's processor; under emulation, every feature that QEMU supports.
    case host
    /// Exactly this model. `nested` is the required flag for nested virtualization: `vmx` or `svm`.
    case model(String, nested: String? = nil)
    /// Literal `<cpu>` element in xmltodict style. `topology`: whether to add a topology if it has none.
    case custom(Value, topology: Bool)
}

/// NUMA cell of a guest.
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
