import AtollModel
import AtollPlatform
import Glibc

/// Host capacity that a run uses while it lasts.
package struct CapacityRequest: Sendable, Equatable, Codable {
    /// Guest memory, in MiB.
    package var memoryMiB: Int
    /// Guest vCPUs.
    package var cpus: Int
    /// Maximum bytes written to the filesystem of the images.
    package var diskBytes: Int64
    /// Number of leased subnets.
    package var subnets: Int
    /// Name of the run, for messages.
    package var purpose: String
    /// Path that exists as long as the claimed resources are used. While it exists, the claim outlives the process that acquired it.
    package var holder: String?

    package init(memoryMiB: Int, cpus: Int, diskBytes: Int64, subnets: Int, purpose: String, holder: String? = nil) {
        self.memoryMiB = max(0, memoryMiB)
        self.cpus = max(0, cpus)
        self.diskBytes = max(0, diskBytes)
        self.subnets = max(0, subnets)
        self.purpose = purpose
        self.holder = holder
    }
}

/// Host capacity available to all runs together.
package struct CapacityBudget: Sendable, Equatable {
    /// Memory in MiB.
    package var memoryMiB: Int
    package var cpus: Int
    /// Disk space in bytes.
    package var diskBytes: Int64
    package var subnets: Int
    /// Whether `diskBytes` is the space free now, which excludes what runs have already written. How much they will free is unknown, so
    /// a request is refused only if it exceeds the free space plus all claimed space.
    package var diskIsWhatIsFree: Bool

    package init(memoryMiB: Int, cpus: Int, diskBytes: Int64, subnets: Int, diskIsWhatIsFree: Bool = false) {
        self.memoryMiB = memoryMiB
        self.cpus = cpus
        self.diskBytes = diskBytes
        self.subnets = subnets
        self.diskIsWhatIsFree = diskIsWhatIsFree
    }

    /// Budget of this host: 80 % of memory, two vCPUs per CPU (tasks mostly wait), free space of the image filesystem minus 1 GiB or 5 %,
    /// and all leasable subnets. Measured on each call, because free space changes.
    package static func automatic(root: StateRoot) -> CapacityBudget {
        let machine = Capacity.current()
        let free = DiskSpace.available(root.images) ?? 0
        return CapacityBudget(
            memoryMiB: Int((machine?.totalMemory ?? 2 << 30) >> 20) * 4 / 5,
            cpus: 2 * (machine?.processors ?? max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))),
            diskBytes: max(0, free - max(1 << 30, free / 20)), subnets: IPv4Subnet.leasedRange.count, diskIsWhatIsFree: true)
    }
}

/// One claimed resource with its requested, claimed and total amount.
struct CapacityResource: Sendable {
    /// Name in messages: `memory`, `CPUs`.
    var name: String
    var isBytes: Bool
    var wanted: Int64
    var held: Int64
    var whole: Int64
    /// Amount available if no run claimed any.
    var ceiling: Int64
    /// Whether `whole` is the amount free now.
    var isWhatIsFree = false

    var fits: Bool { wanted <= whole - held || wanted == 0 }

    /// Amount with unit: `1 GiB of memory`, `2 CPUs`.
    func amount(_ value: Int64) -> String {
        isBytes ? "\(ByteSize(value)) of \(name)" : "\(value) \(value == 1 ? String(name.dropLast()) : name)"
    }

    /// Usage text: `3 of 4 GiB are held`, `1 of 4 is held`; for a disk, `1 GiB is free, 3 GiB are held`.
    var share: String {
        if isWhatIsFree { return "\(ByteSize(whole)) is free, \(ByteSize(held)) are held" }
        guard isBytes else { return "\(held) of \(whole) \(held == 1 ? "is" : "are") held" }
        let (some, all) = (ByteSize(held).description, ByteSize(whole).description)
        guard let unit = all.split(separator: " ").last, some.hasSuffix(" \(unit)") else { return "\(some) of \(all) are held" }
        return "\(some.dropLast(unit.count + 1)) of \(all) are held"
    }

    /// The requested resources, in the order used by messages.
    static func all(_ request: CapacityRequest, held: [CapacityRequest], budget: CapacityBudget) -> [CapacityResource] {
        func sum(_ value: (CapacityRequest) -> Int64) -> Int64 { held.reduce(0) { $0 &+ value($1) } }
        let mebi = Int64(1) << 20
        let disk = sum(\.diskBytes)
        let memory = Int64(budget.memoryMiB) * mebi
        return [
            CapacityResource(
                name: "memory", isBytes: true, wanted: Int64(request.memoryMiB) * mebi, held: sum { Int64($0.memoryMiB) * mebi },
                whole: memory,
                ceiling: memory),
            CapacityResource(
                name: "CPUs", isBytes: false, wanted: Int64(request.cpus), held: sum { Int64($0.cpus) }, whole: Int64(budget.cpus),
                ceiling: Int64(budget.cpus)),
            CapacityResource(
                name: "disk", isBytes: true, wanted: request.diskBytes, held: disk, whole: budget.diskBytes,
                ceiling: budget.diskIsWhatIsFree ? budget.diskBytes &+ disk : budget.diskBytes, isWhatIsFree: budget.diskIsWhatIsFree),
            CapacityResource(
                name: "subnets", isBytes: false, wanted: Int64(request.subnets), held: sum { Int64($0.subnets) },
                whole: Int64(budget.subnets),
                ceiling: Int64(budget.subnets)),
        ]
    }
}
