import AtollPlatform
import Glibc

/// Unpacks a tar stream of unknown origin into a directory, as it comes. Nothing is made outside of it, no link is followed, nothing is
/// set-id, everything is ours; what cannot be taken is passed over and reported, and the rest still comes.
///
/// Files and links that are there are replaced, directories stay. Calls block on the disk.
package struct TarExtraction: ~Copyable, Sendable {
    /// What came so far.
    package private(set) var report = TarReport()
    private let limits: TarLimits
    private var reader = TarReader()
    private var directory: TarDirectory
    private var members = 0
    /// The file being written.
    private var file: OpenFile?
    private var failure: PlatformError?
    /// Names of the members so far that are not directories, as the stream has them; up to the limit of entries.
    package private(set) var names: [[UInt8]] = []

    private struct OpenFile {
        var header: TarHeader
        var descriptor: Int32
        /// Where the next bytes go.
        var position: Int64 = 0
        /// The end of what was written.
        var end: Int64 = 0
        /// Bytes of zeros that the stream stored and that were not written.
        var zeros: Int64 = 0
    }

    /// - Parameter directory: made when absent; it may itself be a link.
    package init(into directory: String, limits: TarLimits = TarLimits()) throws {
        try Directories.make(directory)
        self.directory = try TarDirectory(directory)
        self.limits = limits
    }

    deinit { if let file { close(file.descriptor) } }

    /// Takes the next bytes of the stream.
    /// - Throws: `.malformed` when it is no tar stream; `.noSpace` when the disk is full. The same again when called after that.
    package mutating func feed(_ bytes: [UInt8]) throws {
        if let failure { throw failure }
        do {
            reader.feed(bytes)
            while let event = try reader.next() {
                switch event {
                case .member(let header): try begin(header)
                case .content(let piece): try write(piece)
                case .hole(let length): file?.position += length
                case .memberEnd: end()
                }
            }
        } catch let error as PlatformError {
            abandon()
            failure = error
            throw error
        }
    }

    /// To be called when the stream is over.
    /// - Throws: `.malformed` when it was cut off; a file that is not whole is removed.
    package mutating func finish() throws -> TarReport {
        if let failure { throw failure }
        abandon()
        try reader.finish()
        return report
    }

    /// The file being written: its name and its bytes so far.
    package var currentFile: (name: String, bytes: Int64)? { file.map { (TarReport.printable($0.header.name), $0.position) } }

    /// Removes the file being written and reports it as left out. No-op between files.
    package mutating func skipFile(_ why: String) {
        guard let header = file?.header else { return }
        abandon()
        leaveOut(header, why)
    }

    /// Begins with a new stream into the same directory; limits and report go on. A file that is not whole is removed.
    package mutating func restart() {
        abandon()
        reader = TarReader()
    }

    /// Unpacks what a descriptor gives until it ends.
    package static func unpack(from descriptor: Int32, into directory: String, limits: TarLimits = TarLimits()) throws -> TarReport {
        var extraction = try TarExtraction(into: directory, limits: limits)
        while true {
            var piece = [UInt8](repeating: 0, count: 1 << 16)
            let count = try SystemCall.check("read the tar stream") { read(descriptor, &piece, piece.count) }
            if count == 0 { return try extraction.finish() }
            piece.removeLast(piece.count - count)
            try extraction.feed(piece)
        }
    }

    private mutating func begin(_ header: TarHeader) throws {
        members += 1
        if header.kind != .directory, members <= limits.entries { names.append(header.name) }
        if members > limits.entries { return leaveOut(header, "over the limit of \(limits.entries) members") }
        let checked: [UInt8]
        switch Self.path(header.name, limits) {
        case .fine(let name): checked = name
        case .refused(let why): return report.refuse(header.name, why)
        }
        if let fault = header.fault { return report.refuse(header.name, fault) }
        // The directory itself, as `tar -c .` has it.
        if checked.isEmpty { return }
        if limits.isReserved(checked) {
            if header.kind != .directory { report.refuse(header.name, TarReport.reserved) }
            return
        }
        do {
            switch header.kind {
            case .directory:
                try directory.makeDirectory(checked, mode: header.mode & limits.modes)
                report.directories += 1
            case .file:
                guard header.stored <= limits.bytes - report.stored else {
                    return leaveOut(header, "over the limit of \(limits.bytes) bytes in all")
                }
                guard header.size <= limits.apparentBytes - report.bytes else {
                    return leaveOut(header, "over the limit of \(limits.apparentBytes) bytes in all, holes included")
                }
                var own = header
                own.name = checked
                file = OpenFile(header: own, descriptor: try directory.makeFile(checked))
                report.bytes += header.size
                report.stored += header.stored
            case .symbolicLink:
                if let why = Self.fault(ofLink: header.target, in: checked, limits) { return report.refuse(header.name, why) }
                try directory.makeLink(checked, to: header.target)
                report.links += 1
            case .hardLink:
                guard case .fine(let target) = Self.path(header.target, limits), !target.isEmpty, !limits.isReserved(target) else {
                    return report.refuse(header.name, "a hard link to \(TarReport.printable(header.target)), which is outside")
                }
                try directory.makeHardLink(checked, to: target)
                report.links += 1
            case .other: report.refuse(header.name, header.kind.words)
            }
        } catch let obstacle as TarDirectory.InTheWay {
            report.refuse(header.name, obstacle.why)
        } catch let error as PlatformError where error.code != .noSpace {
            report.refuse(header.name, error.message)
        } catch let error as PlatformError { throw full(error) }
    }

    /// Writes a piece of the file; blocks of zeros become holes.
    private mutating func write(_ piece: ArraySlice<UInt8>) throws {
        guard var file else { return }
        do {
            try piece.withUnsafeBytes { bytes in
                var at = 0
                while at < bytes.count {
                    let (length, isZero) = Self.run(bytes[at...], from: file.position)
                    if isZero {
                        file.zeros += Int64(length)
                    } else {
                        try Self.write(UnsafeRawBufferPointer(rebasing: bytes[at..<at + length]), file.descriptor, file.position)
                        file.end = file.position + Int64(length)
                    }
                    file.position += Int64(length)
                    at += length
                }
            }
            self.file = file
        } catch let error as PlatformError {
            if error.code == .noSpace { throw full(error) }
            abandon()
            report.refuse(file.header.name, error.message)
        }
    }

    /// The length of the blocks at the beginning that are all zeros, or all of them not. Blocks are those of the file.
    private static func run(_ bytes: Slice<UnsafeRawBufferPointer>, from position: Int64) -> (length: Int, isZero: Bool) {
        let block = 4096
        var length = 0
        var kind: Bool?
        while length < bytes.count {
            let count = min(block - Int((position + Int64(length)) % Int64(block)), bytes.count - length)
            let start = bytes.startIndex + length
            let isZero = UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]).isAllZero
            if let kind, kind != isZero { break }
            kind = isZero
            length += count
        }
        return (length, kind ?? false)
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, _ descriptor: Int32, _ position: Int64) throws {
        var done = 0
        while done < bytes.count {
            done += try SystemCall.check("write it") {
                pwrite(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done, off_t(position) + off_t(done))
            }
        }
    }

    private mutating func end() {
        guard let file else { return }
        let (header, descriptor) = (file.header, file.descriptor)
        if file.end < header.size, ftruncate(descriptor, off_t(header.size)) != 0 {
            let why = String(cString: strerror(errno))
            abandon()
            return report.refuse(header.name, "its size of \(header.size) bytes: \(why)")
        }
        self.file = nil
        report.stored -= file.zeros
        fchmod(descriptor, header.mode & limits.modes & 0o777)
        let time = timespec(tv_sec: Int(min(max(0, header.modified), 1 << 33)), tv_nsec: 0)
        _ = withUnsafeBytes(of: (time, time)) { futimens(descriptor, $0.baseAddress?.assumingMemoryBound(to: timespec.self)) }
        close(descriptor)
        report.files += 1
    }

    /// Removes the file being written: half a file is worse than none.
    private mutating func abandon() {
        guard let file else { return }
        self.file = nil
        report.bytes -= file.header.size
        report.stored -= file.header.stored
        close(file.descriptor)
        directory.remove(file.header.name)
    }

    private mutating func leaveOut(_ header: TarHeader, _ why: String) {
        report.refuse(header.name, why)
        report.leftOut += 1
        if header.kind == .file { report.leftOutBytes &+= header.size }
    }

    private func full(_ error: PlatformError) -> PlatformError {
        PlatformError(
            .noSpace,
            "\(directory.path) is full after \(report.files) files (\(String(cString: strerror(error.errno)))): make room there, or name another"
                + " directory, and run again", errno: error.errno)
    }

    private enum Checked {
        /// Without `.` and double slashes; empty for the directory itself.
        case fine([UInt8])
        case refused(String)
    }

    private static func path(_ name: [UInt8], _ limits: TarLimits) -> Checked {
        if name.isEmpty { return .refused("a member without a name") }
        if name.first == UInt8(ascii: "/") { return .refused("an absolute path") }
        if name.count > limits.pathLength { return .refused("a path of \(name.count) bytes") }
        if name.contains(0) { return .refused("a zero byte in its name") }
        var clean: [UInt8] = []
        clean.reserveCapacity(name.count)
        var depth = 0
        for part in name.split(separator: UInt8(ascii: "/")) where !part.elementsEqual(".".utf8) {
            if part.elementsEqual("..".utf8) { return .refused("a path that leaves its directory") }
            if part.count > 255 { return .refused("a name of \(part.count) bytes") }
            depth += 1
            if !clean.isEmpty { clean.append(UInt8(ascii: "/")) }
            clean += part
        }
        return depth > limits.depth ? .refused("a path of \(depth) names") : .fine(clean)
    }

    /// Why a link may not be made. `..` is allowed in front only, where it leaves real directories: after the name of another link it would
    /// leave from wherever that one leads.
    private static func fault(ofLink target: [UInt8], in name: [UInt8], _ limits: TarLimits) -> String? {
        if target.isEmpty || target.contains(0) { return "a symbolic link to nothing" }
        if target.count > 4095 { return "a symbolic link to a path of \(target.count) bytes" }
        if limits.linksMayLeave { return nil }
        if target.first == UInt8(ascii: "/") { return "an absolute symbolic link, to \(TarReport.printable(target))" }
        var level = name.reduce(0) { $0 + ($1 == UInt8(ascii: "/") ? 1 : 0) }
        var descended = false
        for part in target.split(separator: UInt8(ascii: "/")) where !part.elementsEqual(".".utf8) {
            if part.elementsEqual("..".utf8) {
                level -= 1
                if level < 0 || descended { return "a symbolic link that may lead outside, to \(TarReport.printable(target))" }
            } else {
                descended = true
            }
        }
        return nil
    }
}
