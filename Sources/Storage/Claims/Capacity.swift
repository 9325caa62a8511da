import AtollModel
import AtollPlatform
import Glibc

/// What a run takes of the host while it lasts.
package struct CapacityRequest: Sendable, Equatable, Codable {
    /// Memory of its guests, in MiB.
    package var memoryMiB: Int
    /// Processors of its guests.
    package var cpus: Int
    /// What it may come to write on the file system of the images, in bytes.
    package var diskBytes: Int64
    /// Leased subnets.
    package var subnets: Int
    /// What people are told that it is for: a run's name.
    package var purpose: String
    /// A directory that is there for as long as what was claimed is used. While it is, the claim outlives the process that was granted it.
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

/// What all runs of a host may take together.
package struct CapacityBudget: Sendable, Equatable {
    /// In MiB.
    package var memoryMiB: Int
    package var cpus: Int
    /// In bytes.
    package var diskBytes: Int64
    package var subnets: Int
    /// Whether `diskBytes` is what is free now. Part of what runs hold is gone from it already: what they will give back is not known, so
    /// a request is refused for good only when it is larger than what is free and all that is held.
    package var diskIsWhatIsFree: Bool

    package init(memoryMiB: Int, cpus: Int, diskBytes: Int64, subnets: Int, diskIsWhatIsFree: Bool = false) {
        self.memoryMiB = memoryMiB
        self.cpus = cpus
        self.diskBytes = diskBytes
        self.subnets = subnets
        self.diskIsWhatIsFree = diskIsWhatIsFree
    }

    /// This machine's: 80 % of its memory, two per processor (a task mostly waits), what is free where the images are without 1 GiB or 5 %,
    /// and all subnets that are leased at all. Looks now, for what is free changes.
    package static func automatic(root: StateRoot) -> CapacityBudget {
        let machine = Capacity.current()
        let free = DiskSpace.available(root.images) ?? 0
        return CapacityBudget(
            memoryMiB: Int((machine?.totalMemory ?? 2 << 30) >> 20) * 4 / 5,
            cpus: 2 * (machine?.processors ?? max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))),
            diskBytes: max(0, free - max(1 << 30, free / 20)), subnets: IPv4Subnet.leasedRange.count, diskIsWhatIsFree: true)
    }
}

/// One thing that is claimed, as people name it and count it.
struct CapacityResource: Sendable {
    /// `memory`; nil for what is counted by its own name.
    var name: String
    var isBytes: Bool
    var wanted: Int64
    var held: Int64
    var whole: Int64
    /// What there would be if nobody held any.
    var ceiling: Int64
    /// Whether `whole` is what is free now.
    var isWhatIsFree = false

    var fits: Bool { wanted <= whole - held || wanted == 0 }

    /// `1 GiB of memory`, `2 CPUs`.
    func amount(_ value: Int64) -> String {
        isBytes ? "\(ByteSize(value)) of \(name)" : "\(value) \(value == 1 ? String(name.dropLast()) : name)"
    }

    /// `3 of 4 GiB are held`, `1 of 4 is held`; of a disk, `1 GiB is free, and 3 GiB are held`.
    var share: String {
        if isWhatIsFree { return "\(ByteSize(whole)) is free, and \(ByteSize(held)) are held" }
        guard isBytes else { return "\(held) of \(whole) \(held == 1 ? "is" : "are") held" }
        let (some, all) = (ByteSize(held).description, ByteSize(whole).description)
        guard let unit = all.split(separator: " ").last, some.hasSuffix(" \(unit)") else { return "\(some) of \(all) are held" }
        return "\(some.dropLast(unit.count + 1)) of \(all) are held"
    }

    /// All that is asked for, in the order people care for.
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
