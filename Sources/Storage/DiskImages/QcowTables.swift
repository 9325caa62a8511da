import AtollCommands
import AtollModel
import AtollPlatform
import Glibc

/// Header and tables of a qcow2 file: whether it is complete and whether it refers to other files (docs/interop/qcow2.txt of QEMU).
enum QcowTables {
    static let magic: [UInt8] = [0x51, 0x46, 0x49, 0xFB]

    static let corruptBit: UInt64 = 2
    static let dataFileBit: UInt64 = 4
    static let extendedL2Bit: UInt64 = 16
    private static let offsetMask: UInt64 = 0x00FF_FFFF_FFFF_FE00

    static func header(of file: ImageFile) throws -> ImageHeader {
        let head = BigEndian(file.head)
        guard file.head.count >= 72, let version = head.u32(4) else { throw damaged(file, "its header is truncated") }
        guard version == 2 || version == 3 else {
            throw DiskImageError(
                .wrongFormat,
                "'\(file.name)' is a qcow image of version \(version), expected version 2 or 3 (qcow2)"
                    + (version == 1 ? "; convert it: qemu-img convert -f qcow -O qcow2 \(ShellWord.quoted(file.name)) converted.qcow2" : "")
            )
        }
        guard let nameOffset = head.u64(8), let nameLength = head.u32(16), let size = head.u64(24), size <= UInt64(Int64.max) else {
            throw damaged(file, "its header is invalid")
        }
        var header = ImageHeader(path: file.path, format: .qcow2, virtualSize: Int64(size), fileSize: file.size)
        if version == 3 {
            guard let features = head.u64(72) else { throw damaged(file, "its header is truncated") }
            header.incompatibleFeatures = features
        }
        header.encryption = head.u32(32).flatMap { $0 == 0 ? nil : $0 == 1 ? "AES" : $0 == 2 ? "LUKS" : "method \($0)" }
        if nameOffset != 0 {
            guard nameLength <= 1023, nameOffset < UInt64(file.head.count), let name = head.text(Int(nameOffset), Int(nameLength)) else {
                throw damaged(file, "the name of its backing file lies outside its header")
            }
            header.backingFile = name
        }
        if header.incompatibleFeatures & dataFileBit != 0 { header.dataFile = "" }
        // Header extensions: type, length, data padded to 8 bytes.
        var offset = version == 3 ? Int(head.u32(100) ?? 104) : 72
        while let type = head.u32(offset), type != 0, let length = head.u32(offset + 4) {
            let text = head.text(offset + 8, Int(length))
            if type == 0xE279_2ACA { header.backingFormat = text }
            if type == 0x4441_5441, header.dataFile != nil { header.dataFile = text ?? "" }
            offset += 8 + (Int(length) + 7) & ~7
        }
        return header
    }

    /// Walks the tables and checks that every offset is inside the file. QEMU reads zeros beyond the end, so
    /// that a truncated image would be a silently corrupt disk. Returns the maximum bytes of data in a raw copy.
    static func checkWhole(_ file: ImageFile) throws -> Int64 {
        let head = BigEndian(file.head)
        guard let clusterBits = head.u32(20), (9...21).contains(clusterBits), let l1Size = head.u32(36), let l1Offset = head.u64(40),
            let refcountOffset = head.u64(48), let refcountClusters = head.u32(56), let size = head.u64(24)
        else { throw damaged(file, "its header is invalid") }
        let features = head.u32(4) == 3 ? head.u64(72) ?? 0 : 0
        if features & corruptBit != 0 { throw damaged(file, "it is marked as corrupt") }
        let cluster = UInt64(1) << UInt64(clusterBits)
        let end = UInt64(file.size)
        let entrySize: UInt64 = features & extendedL2Bit != 0 ? 16 : 8
        let perTable = cluster / entrySize
        let needed = (size + cluster * perTable - 1) / (cluster * perTable)
        guard UInt64(l1Size) >= needed, l1Size <= 4 << 20 else { throw damaged(file, "its L1 table is too short for its size") }
        guard within(l1Offset, UInt64(l1Size) * 8, end), within(refcountOffset, UInt64(refcountClusters) * cluster, end) else {
            throw truncated(file)
        }
        var (plain, compressed): (Int64, Int64) = (0, 0)
        var tables: UInt64 = 0
        let first = BigEndian(try file.bytes(at: Int64(l1Offset), count: Int(l1Size) * 8))
        for index in 0..<Int(l1Size) {
            let table = (first.u64(index * 8) ?? 0) & offsetMask
            if table == 0 { continue }
            guard within(table, cluster, end) else { throw truncated(file) }
            // A valid file lists each table once; one that is listed a million times would take hours to read.
            tables += 1
            guard tables <= end / cluster else { throw damaged(file, "it lists more tables than fit into the file") }
            let second = BigEndian(try file.bytes(at: Int64(table), count: Int(cluster)))
            for slot in 0..<Int(perTable) {
                guard let entry = second.u64(slot * Int(entrySize)) else { throw truncated(file) }
                let place: UInt64
                if entry & (1 << 62) != 0 {
                    // Compressed cluster: the width of the offset depends on the cluster size.
                    place = entry & ((1 << (62 - (UInt64(clusterBits) - 8))) - 1)
                } else {
                    place = entry & offsetMask
                }
                if place == 0 { continue }
                if place >= end { throw truncated(file) }
                if entry & (1 << 62) != 0 { compressed += 1 } else { plain += 1 }
            }
        }
        // Preallocated clusters are in the tables but are still holes in the file.
        let stored = DiskSpace.allocated(file.path) ?? file.size
        let bytes = min(plain << Int64(clusterBits), stored) + compressed << Int64(clusterBits)
        return min(bytes, Int64(clamping: size))
    }

    /// The first bytes that the guest sees, or nil where they are not stored as they are (unallocated or compressed).
    static func guestHead(_ file: ImageFile) throws -> [UInt8]? {
        let head = BigEndian(file.head)
        guard let clusterBits = head.u32(20), (9...21).contains(clusterBits), let l1Size = head.u32(36), l1Size > 0,
            let l1Offset = head.u64(40), l1Offset < UInt64(file.size)
        else { return nil }
        let table = (BigEndian(try file.bytes(at: Int64(l1Offset), count: 8)).u64(0) ?? 0) & offsetMask
        guard table != 0, table < UInt64(file.size), let entry = BigEndian(try file.bytes(at: Int64(table), count: 8)).u64(0),
            entry & (1 << 62) == 0, entry & offsetMask != 0, entry & offsetMask < UInt64(file.size)
        else { return nil }
        return try file.bytes(at: Int64(entry & offsetMask), count: ForeignFormat.length)
    }

    private static func within(_ offset: UInt64, _ length: UInt64, _ end: UInt64) -> Bool {
        let (sum, overflow) = offset.addingReportingOverflow(length)
        return !overflow && sum <= end
    }

    private static func damaged(_ file: ImageFile, _ why: String) -> DiskImageError {
        DiskImageError(.damaged, "\(file.name) is a damaged qcow2 image: \(why); get it again from where it came")
    }

    private static func truncated(_ file: ImageFile) -> DiskImageError {
        damaged(file, "it is truncated: its tables point beyond its end at \(file.size) bytes")
    }
}

/// Reads big-endian numbers from a byte array; nil outside it.
private struct BigEndian {
    let bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func u32(_ offset: Int) -> UInt32? { number(offset, 4).map { UInt32(truncatingIfNeeded: $0) } }
    func u64(_ offset: Int) -> UInt64? { number(offset, 8) }

    func text(_ offset: Int, _ length: Int) -> String? {
        guard offset >= 0, length >= 0, offset + length <= bytes.count else { return nil }
        return String(decoding: bytes[offset..<offset + length], as: UTF8.self)
    }

    private func number(_ offset: Int, _ count: Int) -> UInt64? {
        guard offset >= 0, offset + count <= bytes.count else { return nil }
        var value: UInt64 = 0
        for index in offset..<offset + count { value = value << 8 | UInt64(bytes[index]) }
        return value
    }
}
