import AtollCommands
import AtollTestSupport
import Foundation
import Glibc
import Testing

@testable import AtollArchive
@testable import AtollPlatform

/// A sparse tree: holes at the beginning, between and at the end, data in the last bytes, nothing but a hole, many segments.
func sparseSample(_ space: Workspace) throws -> String {
    let files: [(String, Int64, [Int64])] = [
        ("end", (3 << 30) + 5, [(3 << 30) + 4]), ("start", 1 << 30, [0]), ("middle", 64 << 20, [32 << 20]), ("hole", 1 << 30, []),
        ("many", 64 << 20, (0..<60).map { $0 << 20 }), ("sub/" + String(repeating: "n", count: 120), 8 << 20, [5000, 7 << 20]),
        ("nine", 9 << 30, [(9 << 30) - 1]),
    ]
    for (name, size, places) in files {
        let path = try space.write("sparse/" + name, "")
        let file = open(path, O_WRONLY | O_CLOEXEC)
        defer { close(file) }
        #expect(ftruncate(file, off_t(size)) == 0)
        for place in places { #expect(pwrite(file, "x", 1, off_t(place)) == 1) }
    }
    try space.write("sparse/plain", "plain")
    return space.path + "/sparse"
}

/// Size and the offsets of the bytes that are not zero, by name; reads data only.
func sparseTree(_ root: String) throws -> [String: [Int64]] {
    var found: [String: [Int64]] = [:]
    func walk(_ path: String, _ name: String) throws {
        for entry in try Directories.list(path) {
            let (inner, inside) = (path + "/" + entry, name.isEmpty ? entry : name + "/" + entry)
            guard let status = SystemCall.linkStatus(inner) else { continue }
            if status.st_mode & S_IFMT == S_IFDIR { try walk(inner, inside) } else { found[inside] = try places(inner, status) }
        }
    }
    try walk(root, "")
    return found
}

private func places(_ path: String, _ status: stat) throws -> [Int64] {
    var found = [Int64(status.st_size)]
    let file = open(path, O_RDONLY | O_CLOEXEC)
    defer { close(file) }
    for segment in FileHoles.segments(of: file, size: Int64(status.st_size)) ?? [TarSegment(offset: 0, length: Int64(status.st_size))] {
        var bytes = [UInt8](repeating: 0, count: Int(segment.length))
        #expect(pread(file, &bytes, bytes.count, off_t(segment.offset)) == bytes.count)
        found += bytes.indices.filter { bytes[$0] != 0 }.map { segment.offset + Int64($0) }
    }
    return found
}

/// Room that a tree takes on the disk, in bytes.
private func room(_ root: String) throws -> Int64 {
    try sparseTree(root).keys.reduce(0) { $0 + Int64(SystemCall.status(root + "/" + $1)?.st_blocks ?? 0) * 512 }
}

@Suite struct TarSparseTests {
    @Test("holes stay holes from a tree through the stream to a tree, and the last byte arrives", arguments: [Int.max, 777])
    func roundTrip(_ step: Int) throws {
        let space = try Workspace("tar")
        let root = try sparseSample(space)
        var writer = try TarWriter(contentsOf: root, keepsHoles: true)
        var bytes: [UInt8] = []
        while let piece = try writer.next() { bytes += piece }
        #expect(bytes.count < 1 << 20)
        let report = try TarExtraction.unpack(bytes, into: space.path + "/out", step: step)
        #expect(report.refused == [] && report.files == 8)
        #expect(report.bytes == writer.report.bytes && report.bytes > 14 << 30)
        #expect(report.stored < 1 << 20)
        #expect(try sparseTree(space.path + "/out") == sparseTree(root))
        #expect(try room(space.path + "/out") < 1 << 20)
        let source = try CopySource(root)
        #expect(source.bytes == report.bytes && source.stored < 1 << 20)
    }

    @Test(
        "sparse archives of GNU tar are read, in every format that it writes",
        arguments: [
            ["--format=gnu"], ["--format=oldgnu"], ["--format=pax", "--sparse-version=0.0"], ["--format=pax", "--sparse-version=0.1"],
            ["--format=pax", "--sparse-version=1.0"],
        ])
    func gnuTar(_ options: [String]) async throws {
        let space = try Workspace("tar")
        let root = try sparseSample(space)
        let archive = space.path + "/theirs.tar"
        try await Tool.run("tar", options + ["--sparse", "-c", "-f", archive, "-C", root, "."])
        let bytes = try AtomicFile.read(archive)
        #expect(bytes.count < 1 << 20)
        for step in [Int.max, 100] {
            let report = try TarExtraction.unpack(bytes, into: space.path + "/out", step: step)
            #expect(report.refused == [] && report.files == 8)
            #expect(try sparseTree(space.path + "/out") == sparseTree(root))
        }
        #expect(try room(space.path + "/out") < 1 << 20)
    }

    @Test("GNU tar reads what is written") func forGNUTar() async throws {
        let space = try Workspace("tar")
        let root = try sparseSample(space)
        let archive = open(space.path + "/ours.tar", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        _ = try TarWriter.write(contentsOf: root, to: archive, keepsHoles: true)
        close(archive)
        try Directories.make(space.path + "/out")
        try await Tool.run("tar", ["-x", "-f", space.path + "/ours.tar", "-C", space.path + "/out"])
        #expect(try sparseTree(space.path + "/out") == sparseTree(root))
    }

    @Test("zeros that a stream stores become holes, and do not count as stored") func zerosBecomeHoles() throws {
        let space = try Workspace("tar")
        let sizes = [4095, 4096, 4097, 3 << 20]
        for size in sizes { try AtomicFile.write([UInt8](repeating: 0, count: size), to: space.path + "/zeros/\(size)", makingParents: ()) }
        try AtomicFile.write([1] + [UInt8](repeating: 0, count: 2 << 20) + [2], to: space.path + "/zeros/edges", makingParents: ())
        let bytes = try TarWriter.bytes(of: space.path + "/zeros")
        let report = try TarExtraction.unpack(bytes, into: space.path + "/out", step: 1000)
        #expect(report.files == 5 && report.stored < 8192 * 2)
        #expect(try tarTree(space.path + "/out") == tarTree(space.path + "/zeros"))
        #expect(try room(space.path + "/out") < 64 << 10)
    }

    @Test("limits count what is stored; a file of holes has a limit of its own") func limits() throws {
        let space = try Workspace("tar")
        let root = try sparseSample(space)
        var writer = try TarWriter(contentsOf: root, keepsHoles: true)
        var bytes: [UInt8] = []
        while let piece = try writer.next() { bytes += piece }
        let report = try TarExtraction.unpack(
            bytes, into: space.path + "/out", limits: TarLimits(bytes: 1 << 20, apparentBytes: 8 << 30))
        #expect(report.leftOut == 1 && report.leftOutBytes == (9 << 30))
        #expect(report.refused.map(\.why) == ["over the limit of 8589934592 bytes in all, holes included"])
        let stored = try TarExtraction.unpack(bytes, into: space.path + "/less", limits: TarLimits(bytes: 100_000))
        #expect(stored.refused.map(\.description) == ["many: over the limit of 100000 bytes in all"])
        #expect(stored.files == 7)
    }

    @Test("a file that is passed over leaves nothing, and the next stream goes on in the same directory") func skip() throws {
        let space = try Workspace("tar")
        var forgery = TarForgery()
        forgery.add("a", .file, "first")
        forgery.add("big", .file, String(repeating: "b", count: 5000))
        var extraction = try TarExtraction(into: space.path + "/out")
        try extraction.feed(Array(forgery.bytes.prefix(2500)))
        #expect(extraction.currentFile?.name == "big" && extraction.currentFile?.bytes == 964)
        extraction.skipFile("interrupted")
        #expect(extraction.names == ["a", "big"].map { Array($0.utf8) })
        extraction.restart()
        var rest = TarForgery()
        rest.add("c", .file, "last")
        try extraction.feed(rest.whole)
        let report = try extraction.finish()
        #expect(try Directories.list(space.path + "/out") == ["a", "c"])
        #expect(report.refused.map(\.description) == ["big: interrupted"])
        #expect(report.files == 2 && report.bytes == 9 && report.leftOut == 1)
    }

    struct Hostile: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var segments: [(Int64, Int64)]
        var size: Int64
        var content = 0
        var why: String
    }

    static let hostile = [
        Hostile(
            testDescription: "overlap", segments: [(0, 4), (3, 4)], size: 10, content: 8, why: "a sparse file with overlapping segments"),
        Hostile(
            testDescription: "order", segments: [(8, 1), (0, 1)], size: 10, content: 2, why: "a sparse file with overlapping segments"),
        Hostile(testDescription: "end", segments: [(8, 4)], size: 10, content: 4, why: "a sparse file with a segment beyond its end"),
        Hostile(testDescription: "far", segments: [(11, 0)], size: 10, why: "a sparse file with a segment beyond its end"),
        Hostile(
            testDescription: "overflow", segments: [(.max - 2000, 1500)], size: 10, content: 0,
            why: "a sparse file with overlapping segments"),
        Hostile(
            testDescription: "less", segments: [(0, 4)], size: 10, content: 9,
            why: "a sparse file whose map has 4 bytes where the archive has 9"),
        Hostile(
            testDescription: "more", segments: [(0, 9)], size: 10, content: 4,
            why: "a sparse file whose map has 9 bytes where the archive has 4"),
        Hostile(
            testDescription: "bytes of others", segments: [(0, 4096)], size: 4096, content: 0,
            why: "a sparse file whose map has 4096 bytes where the archive has 0"),
    ]

    @Test("invalid maps are refused in every format, and the next member is read", arguments: hostile, ["gnu", "0.0", "0.1", "1.0"])
    func hostileMaps(_ map: Hostile, _ format: String) throws {
        let space = try Workspace("tar")
        let content = String(repeating: "x", count: map.content)
        var forgery = TarForgery()
        let numbers = map.segments.flatMap { [$0.0, $0.1] }
        switch format {
        case "gnu":
            var header = TarHeader(name: Array("bad".utf8), kind: .file, mode: 0o644, size: map.size)
            header.segments = map.segments.map { TarSegment(offset: $0.0, length: $0.1) }
            var bytes = header.encoded()
            // The size of what follows, as the forger has it.
            bytes.replaceSubrange(
                124..<136,
                with: Array(
                    (String(repeating: "0", count: 11 - String(map.content, radix: 8).count)
                        + String(map.content, radix: 8) + "\0").utf8))
            TarHostileTests.mendSum(&bytes, 0)
            forgery.bytes += bytes + Array(content.utf8) + [UInt8](repeating: 0, count: TarHeader.padding(after: Int64(map.content)))
        case "0.0":
            forgery.records(["GNU.sparse.size": "\(map.size)"], map.segments.flatMap { [("offset", $0.0), ("numbytes", $0.1)] })
            forgery.add("bad", .file, content)
        case "0.1":
            forgery.records(
                ["GNU.sparse.size": "\(map.size)", "GNU.sparse.map": numbers.map(String.init).joined(separator: ",")], [])
            forgery.add("bad", .file, content)
        default:
            forgery.records(["GNU.sparse.realsize": "\(map.size)", "GNU.sparse.major": "1", "GNU.sparse.minor": "0"], [])
            let text = ([Int64(map.segments.count)] + numbers).map { "\($0)\n" }.joined()
            forgery.add("bad", .file, text + String(repeating: "\0", count: 512 - text.utf8.count) + content)
        }
        forgery.add("good", .file, "good")
        let report = try TarExtraction.unpack(forgery.whole, into: space.path + "/out", step: 300)
        #expect(report.refused.map(\.description) == ["bad: \(map.why)"])
        #expect(try Directories.list(space.path + "/out") == ["good"])
    }

    @Test(
        "malformed numbers, versions and counts of a pax map are refused, and the next member is read",
        arguments: [
            ("1", "0", "x\n", "a sparse file with an invalid number in its map"),
            ("1", "0", "-1\n", "a sparse file with an invalid number in its map"),
            ("1", "0", "999999999\n", "a sparse file with 999999999 segments"),
            ("1", "0", String(repeating: "1", count: 400), "a sparse file with an invalid number in its map"),
            ("1", "0", "2\n0\n1\n", "a sparse file with an invalid number in its map"),
            ("2", "0", "0\n", "a sparse file of the unknown format 2.0"),
        ])
    func malformed(_ major: String, _ minor: String, _ text: String, _ why: String) throws {
        let space = try Workspace("tar")
        var forgery = TarForgery()
        forgery.records(["GNU.sparse.realsize": "10", "GNU.sparse.major": major, "GNU.sparse.minor": minor], [])
        forgery.add("bad", .file, text + String(repeating: "\0", count: 512 - text.utf8.count))
        forgery.add("good", .file, "good")
        let report = try TarExtraction.unpack(forgery.whole, into: space.path + "/out")
        #expect(report.refused.map(\.description) == ["bad: \(why)"])
        #expect(try Directories.list(space.path + "/out") == ["good"])
    }

    @Test("a map without end takes bounded memory and is refused") func endlessMap() throws {
        let space = try Workspace("tar")
        var extraction = try TarExtraction(into: space.path + "/out")
        var header = TarHeader(name: Array("bad".utf8), kind: .file, mode: 0o644, size: 1 << 40)
        header.segments = (0..<26).map { TarSegment(offset: Int64($0) * 8, length: 0) }
        let bytes = header.encoded()
        try extraction.feed(Array(bytes.prefix(512)))
        var block = Array(bytes[512..<1024])
        block[504] = 1
        for _ in 0..<100 { try extraction.feed(Array((0..<200).map { _ in block }.joined())) }
        block[504] = 0
        try extraction.feed(block + TarHeader.end)
        #expect(try extraction.finish().refused.map(\.description) == ["bad: a sparse file with overlapping segments"])
    }
}

extension TarForgery {
    /// A pax header with the records and, in order, those of format 0.0.
    mutating func records(_ records: [String: String], _ more: [(String, Int64)]) {
        let lines = records.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } + more.map { "GNU.sparse.\($0.0)=\($0.1)" }
        pax(
            lines.map { line in
                var length = line.utf8.count + 3
                while "\(length) \(line)\n".utf8.count != length { length += 1 }
                return "\(length) \(line)\n"
            }.joined())
    }
}

extension AtomicFile {
    fileprivate static func write(_ bytes: [UInt8], to path: String, makingParents: Void) throws {
        try Directories.make((path as NSString).deletingLastPathComponent)
        try write(bytes, to: path)
    }
}
