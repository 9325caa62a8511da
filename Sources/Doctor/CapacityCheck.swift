import AtollPlatform
import AtollClaims

/// Room for disks and memory for guests.
enum CapacityCheck {
    static let gibibyte: Int64 = 1 << 30

    static func findings(_ subject: Subject, _ facts: HostFacts, _ remedies: Remedies) -> [Finding] {
        [disk(subject.stateRoot.images, facts), memory(facts)]
    }

    private static func disk(_ path: String, _ facts: HostFacts) -> Finding {
        let id = "disk", title = "disk space"
        guard let free = facts.freeDisk(path) else { return Finding(id, .warning, title, "the room at \(path) cannot be told") }
        let detail = "\(size(free)) free at \(path)"
        switch free {
        case ..<gibibyte:
            return Finding(id, .failure, title, detail + ": too little for a template and a disk", remedy: ["atoll template gc"])
        case ..<(10 * gibibyte):
            return Finding(
                id, .warning, title, detail + ": building a Debian template and running it wants 10 GiB", remedy: ["atoll template gc"])
        default: return Finding(id, .ok, title, detail)
        }
    }

    private static func memory(_ facts: HostFacts) -> Finding {
        let id = "memory", title = "memory"
        guard let capacity = facts.capacity() else { return Finding(id, .warning, title, "the kernel does not say how much is free") }
        let detail = "\(size(capacity.availableMemory)) of \(size(capacity.totalMemory)) available, \(capacity.processors) processors"
        let show = ["ps -eo rss,pid,user,comm --sort=-rss"]
        switch capacity.availableMemory {
        case ..<(gibibyte / 2):
            return Finding(id, .failure, title, detail + ": too little for one guest; end what is largest", remedy: show)
        case ..<(2 * gibibyte):
            return Finding(id, .warning, title, detail + ": little for several guests; the largest users are", remedy: show)
        default: return Finding(id, .ok, title, detail)
        }
    }

    /// Binary units with one decimal: `3.5 GiB`.
    static func size(_ bytes: Int64) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(bytes), unit = 0
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        let tenths = Int64((value * 10).rounded())
        return (unit == 0 || tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)") + " " + units[unit]
    }
}
