import Glibc

/// What this machine has to give: memory and processors. Room on disks is `DiskSpace`.
package struct Capacity: Sendable, Equatable {
    /// Bytes that programs can have without swapping (`MemAvailable`).
    package var availableMemory: Int64
    /// Bytes in all.
    package var totalMemory: Int64
    /// Processors this process may run on.
    package var processors: Int

    package init(availableMemory: Int64, totalMemory: Int64, processors: Int) {
        self.availableMemory = availableMemory
        self.totalMemory = totalMemory
        self.processors = processors
    }

    /// Looks now; nil where the kernel says nothing about memory.
    package static func current(memoryInfo: String = "/proc/meminfo") -> Capacity? {
        guard let text = try? AtomicFile.text(memoryInfo), let memory = parse(text) else { return nil }
        return Capacity(availableMemory: memory.available, totalMemory: memory.total, processors: processorCount())
    }

    /// Bytes, from the form of /proc/meminfo (`MemTotal:       24682940 kB`).
    static func parse(_ text: String) -> (available: Int64, total: Int64)? {
        func bytes(_ name: String) -> Int64? {
            let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
            return line?.split(separator: " ").dropFirst().first.flatMap { Int64($0) }.map { $0 << 10 }
        }
        guard let available = bytes("MemAvailable"), let total = bytes("MemTotal") else { return nil }
        return (available, total)
    }

    private static func processorCount() -> Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }
}
