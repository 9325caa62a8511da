package import AtollModel

/// Hardware requirements of a formula (`environment.hardware`), in tmt's hardware specification.
package struct Hardware: Sendable, Equatable {
    /// Bounds of the memory in MiB.
    package var memory: [Bound] = []
    package var processors: [Bound] = []
    /// Bounds of the disk sizes in bytes, first disk first.
    package var disks: [[Bound]] = []
    package var tpm = false
    /// Whether UEFI is required or excluded; nil for the default firmware.
    package var uefi: Bool?
    /// Whether every requirement is mandatory: `unsupported` must then be empty.
    package var isStrict = false
    /// Unsupported requirements, as warnings.
    package var unsupported: [Diagnostic] = []

    package init() {}

    /// Size and devices of a VM.
    package struct Machine: Sendable, Equatable {
        package var memoryMiB: Int
        package var cpus: Int
        /// Size of the first disk in bytes; nil for the image's size.
        package var diskBytes: Int64?
        /// Sizes of the other disks in bytes.
        package var extraDiskBytes: [Int64]
        package var tpm: Bool
        package var uefi: Bool

        package init(
            memoryMiB: Int, cpus: Int, diskBytes: Int64? = nil, extraDiskBytes: [Int64] = [], tpm: Bool = false, uefi: Bool = false
        ) {
            self.memoryMiB = memoryMiB
            self.cpus = cpus
            self.diskBytes = diskBytes
            self.extraDiskBytes = extraDiskBytes
            self.tpm = tpm
            self.uefi = uefi
        }
    }

    /// The VM closest to `minimums` (its size without requirements) that meets every requirement.
    package func resolve(_ minimums: Machine) -> Machine {
        var machine = minimums
        machine.memoryMiB = Bound.closest(to: minimums.memoryMiB, within: memory) ?? minimums.memoryMiB
        machine.cpus = Bound.closest(to: minimums.cpus, within: processors) ?? minimums.cpus
        if let first = disks.first {
            // A disk cannot be smaller than its image.
            let least = Int(minimums.diskBytes ?? 1)
            if let size = Bound.closest(to: least, within: first), size > least { machine.diskBytes = Int64(size) }
        }
        let requested = disks.dropFirst()
        while machine.extraDiskBytes.count < requested.count { machine.extraDiskBytes.append(1 << 30) }
        for (index, bounds) in requested.enumerated() {
            let size = Bound.closest(to: Int(machine.extraDiskBytes[index]), within: bounds)
            machine.extraDiskBytes[index] = size.map(Int64.init) ?? machine.extraDiskBytes[index]
        }
        machine.tpm = tpm || minimums.tpm
        machine.uefi = uefi ?? minimums.uefi
        return machine
    }

    /// Requirements that `machine` does not meet, as paths below `hardware`. A first disk of unknown size meets every requirement.
    package func shortfalls(of machine: Machine) -> [String] {
        var paths: [String] = []
        if !memory.allSatisfy({ $0.fits(machine.memoryMiB) }) { paths.append("memory") }
        if !processors.allSatisfy({ $0.fits(machine.cpus) }) { paths.append("cpu.processors") }
        let sizes = [machine.diskBytes] + machine.extraDiskBytes.map(Optional.some)
        for (index, bounds) in disks.enumerated() {
            let size = index < sizes.count ? sizes[index] : 0
            if let size, !bounds.allSatisfy({ $0.fits(Int(size)) }) { paths.append("disk[\(index)].size") }
        }
        if tpm && !machine.tpm { paths.append("tpm.version") }
        if let uefi, uefi != machine.uefi { paths.append("boot.method") }
        return paths
    }

    /// A bound: a comparison and a number.
    package struct Bound: Sendable, Equatable {
        package enum Comparison: String, Sendable, CaseIterable {
            case atLeast = ">="
            case atMost = "<="
            case notEqual = "!="
            case equal = "="
            case more = ">"
            case less = "<"
        }
        package var comparison: Comparison
        package var number: Int

        package init(_ comparison: Comparison, _ number: Int) {
            self.comparison = comparison
            self.number = number
        }

        /// Whether a value meets the bound.
        package func fits(_ value: Int) -> Bool {
            switch comparison {
            case .atLeast: value >= number
            case .atMost: value <= number
            case .notEqual: value != number
            case .equal: value == number
            case .more: value > number
            case .less: value < number
            }
        }

        /// The number closest to `start`, and at least 1, that meets all bounds; nil if there is none.
        static func closest(to start: Int, within bounds: [Bound]) -> Int? {
            var range = 1...Int.max
            var excluded: Set<Int> = []
            for bound in bounds {
                var low = range.lowerBound
                var high = range.upperBound
                switch bound.comparison {
                case .atLeast: low = max(low, bound.number)
                case .more: low = max(low, bound.number == .max ? .max : bound.number + 1)
                case .atMost: high = min(high, bound.number)
                case .less: high = min(high, bound.number - 1)
                case .equal:
                    low = max(low, bound.number)
                    high = min(high, bound.number)
                case .notEqual: excluded.insert(bound.number)
                }
                guard low <= high else { return nil }
                range = low...high
            }
            let first = min(max(start, range.lowerBound), range.upperBound)
            var up = first
            while excluded.contains(up), up < range.upperBound { up += 1 }
            if !excluded.contains(up) { return up }
            var down = first
            while excluded.contains(down), down > range.lowerBound { down -= 1 }
            return excluded.contains(down) ? nil : down
        }
    }
}
