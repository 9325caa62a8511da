import AtollPlatform
import AtollClaims
import AtollModel

/// Room for disks and memory for guests.
enum CapacityCheck {
    static let gibibyte: Int64 = 1 << 30

    static func findings(_ subject: Subject, _ facts: HostFacts, _ remedies: Remedies) -> [Finding] {
        [disk(subject.stateRoot.images, facts), memory(facts)]
    }

    private static func disk(_ path: String, _ facts: HostFacts) -> Finding {
        let id = "disk", title = "disk space"
        guard let free = facts.freeDisk(path) else { return Finding(id, .warning, title, "the room at \(path) cannot be told") }
        let detail = "\(ByteSize(free)) free at \(path)"
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
        let detail =
            "\(ByteSize(capacity.availableMemory)) of \(ByteSize(capacity.totalMemory)) available, \(capacity.processors) processors"
        let show = ["ps -eo rss,pid,user,comm --sort=-rss"]
        switch capacity.availableMemory {
        case ..<(gibibyte / 2):
            return Finding(id, .failure, title, detail + ": too little for one guest; end what is largest", remedy: show)
        case ..<(2 * gibibyte):
            return Finding(id, .warning, title, detail + ": little for several guests; the largest users are", remedy: show)
        default: return Finding(id, .ok, title, detail)
        }
    }
}
