import AtollCommands
import AtollArchive
import AtollTestSupport
import Foundation
import Glibc
import Testing

@testable import AtollPlatform

/// Everything below a directory, for comparing trees: path to kind, mode and content.
func tarTree(_ root: String) throws -> [String: String] {
    var found: [String: String] = [:]
    func walk(_ path: String, _ name: String) throws {
        for entry in try Directories.list(path) {
            let (inner, inside) = (path + "/" + entry, name.isEmpty ? entry : name + "/" + entry)
            // A name that is no UTF-8 cannot be asked for by a String.
            guard let status = SystemCall.linkStatus(inner) else { continue }
            let mode = String(status.st_mode & 0o7777, radix: 8)
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                found[inside] = "directory \(mode)"
                try walk(inner, inside)
            case S_IFLNK: found[inside] = "-> \(SymbolicLink.target(inner) ?? "?")"
            default: found[inside] = "file \(mode) \(Digest.sha256(try AtomicFile.read(inner)))"
            }
        }
    }
    try walk(root, "")
    return found
}

extension TarWriter {
    /// The whole stream.
    static func bytes(of path: String, under: String = "", excluding: [String] = []) throws -> [UInt8] {
        var writer = try TarWriter(contentsOf: path, under: under, excluding: excluding)
        var all: [UInt8] = []
        while let piece = try writer.next() { all += piece }
        return all
    }
}

extension TarExtraction {
    static func unpack(_ bytes: [UInt8], into directory: String, limits: TarLimits = TarLimits(), step: Int = .max) throws -> TarReport {
        var extraction = try TarExtraction(into: directory, limits: limits)
        var at = 0
        while at < bytes.count {
            let end = at + min(step, bytes.count - at)
            try extraction.feed(Array(bytes[at..<end]))
            at = end
        }
        return try extraction.finish()
    }
}

/// A tree with everything a task directory may have, returned as its path.
func tarSample(_ space: Workspace) throws -> String {
    let root = space.path + "/task"
    try space.write("task/runtask.yml", "name: x\n")
    try space.write("task/empty", "")
    try space.write("task/bin/check", String(repeating: "#", count: 70_000))
    #expect(chmod(root + "/bin/check", 0o750) == 0)
    let deep = (0..<6).map { "\($0)" + String(repeating: "d", count: 60) }.joined(separator: "/")
    try space.write("task/\(deep)/\(String(repeating: "f", count: 120))", "deep")
    try space.write("task/späte Ärzte, \"zitiert\"\n'", "odd")
    try Directories.make(root + "/bare", mode: 0o755)
    #expect(chmod(root + "/bare", 0o711) == 0)
    try SymbolicLink.make(root + "/link", to: "bin/check")
    try SymbolicLink.make(root + "/bin/up", to: "../" + deep)
    try SymbolicLink.make(root + "/dangling", to: "not/there")
    return root
}

@Suite struct TarTests {
    @Test("check 64: a tree comes through whole, with links, modes, long and odd names") func roundTrip() throws {
        let space = try Workspace("tar")
        let root = try tarSample(space)
        let bytes = try TarWriter.bytes(of: root)
        #expect(bytes.count % 512 == 0)
        let whole = try TarExtraction.unpack(bytes, into: space.path + "/a")
        #expect(whole.refused == [])
        #expect(try tarTree(space.path + "/a") == tarTree(root))
        #expect(whole.files == 5 && whole.links == 3 && whole.directories == 8 && whole.bytes == 70_015)
        // Pieces of any size, and over what is there already.
        #expect(try TarExtraction.unpack(bytes, into: space.path + "/b", step: 7) == whole)
        #expect(try TarExtraction.unpack(bytes, into: space.path + "/b", step: 513) == whole)
        #expect(try tarTree(space.path + "/b") == tarTree(root))
        #expect(try TarWriter.bytes(of: root) == bytes)
    }

    @Test(
        "check 64: GNU tar and busybox read what is written, and write what is read",
        arguments: ["tar", "busybox tar", "tar --format=pax", "tar --format=v7"])
    func otherTars(_ program: String) async throws {
        var words = program.split(separator: " ").map(String.init)
        let name = words.removeFirst()
        guard (try? await Tool.output(name, ["--help"])) != nil else { return }
        let space = try Workspace("tar")
        let root = try tarSample(space)
        // The oldest format has no long names at all.
        if program.hasSuffix("v7") {
            for entry in try Directories.list(root) where entry.hasPrefix("0d") { try Directories.removeTree(root + "/" + entry) }
        }
        if program.hasSuffix("v7") { try Directories.removeTree(root + "/bin/up") }
        let ours = space.path + "/ours.tar"
        try AtomicFile.write(try TarWriter.bytes(of: root), to: ours)
        try Directories.make(space.path + "/theirs")
        try await Tool.run(name, words.prefix(1).filter { !$0.hasPrefix("-") } + ["-x", "-p", "-f", ours, "-C", space.path + "/theirs"])
        #expect(try tarTree(space.path + "/theirs") == tarTree(root))
        let archive = space.path + "/theirs.tar"
        try await Tool.run(name, words + ["-c", "-f", archive, "-C", root, "."])
        let report = try TarExtraction.unpack(try AtomicFile.read(archive), into: space.path + "/back", step: 4096)
        #expect(report.refused == [])
        #expect(try tarTree(space.path + "/back") == tarTree(root))
    }

    @Test func sizesOverEightGiBAndHardLinksOfOtherTars() throws {
        let header = TarHeader(name: Array("big".utf8), kind: .file, mode: 0o644, size: 9 << 33)
        #expect(header.ustar() == nil)
        var reader = TarReader()
        reader.feed(header.encoded())
        guard case .member(let read)? = try reader.next() else {
            Issue.record("no member")
            return
        }
        #expect(read == header)
    }

    @Test func whatIsNoFileIsLeftOutAndReported() throws {
        let space = try Workspace("tar")
        try space.write("t/a", "1")
        try space.write("t/.git/config", "x")
        try space.write("t/sub/build/out", "x")
        try space.write("t/build", "kept")
        #expect(mkfifo(space.path + "/t/pipe", 0o600) == 0)
        let out = space.path + "/out"
        var writer = try TarWriter(contentsOf: space.path + "/t", under: "/here/", excluding: [".git", "sub/build"])
        var bytes: [UInt8] = []
        while let piece = try writer.next() { bytes += piece }
        #expect(writer.report.refused.map(\.description) == ["pipe: a fifo"])
        _ = try TarExtraction.unpack(bytes, into: out)
        #expect(try tarTree(out).keys.sorted() == ["here", "here/a", "here/build", "here/sub"])
        // One file, under its own name.
        _ = try TarExtraction.unpack(try TarWriter.bytes(of: space.path + "/t/a"), into: out)
        #expect(try AtomicFile.text(out + "/a") == "1")
        #expect(throws: PlatformError.self) { _ = try TarWriter(contentsOf: space.path + "/nothing") }
    }

    @Test func patternsAreNamesAnywhereOrPathsBelowTheRoot() throws {
        let space = try Workspace("tar")
        for name in ["a.o", "sub/b.o", "sub/keep", "build/x", "sub/build/y", "core", "sub/core", ".git/config"] {
            try space.write("t/" + name, "12345")
        }
        let patterns = ["*.o", "./build", "sub/build/", "/core", ".git/"]
        let source = try CopySource(space.path + "/t", excluding: patterns)
        #expect(source.files == 2 && source.bytes == 10)
        // What was measured is what is packed.
        var writer = try TarWriter(contentsOf: space.path + "/t", excluding: patterns)
        while try writer.next() != nil {}
        #expect(writer.report.files == source.files && writer.report.bytes == source.bytes)
        _ = try TarExtraction.unpack(try TarWriter.bytes(of: space.path + "/t", excluding: patterns), into: space.path + "/out")
        #expect(try tarTree(space.path + "/out").keys.sorted() == ["sub", "sub/core", "sub/keep"])
        #expect(throws: PlatformError.self) { _ = try CopySource(space.path + "/nothing") }
    }

    @Test func aFileThatChangesItsLengthMeanwhileKeepsTheStreamWhole() throws {
        let space = try Workspace("tar")
        let (long, short) = (try space.write("t/a", String(repeating: "a", count: 300_000)), try space.write("t/b", "b"))
        try space.write("t/c", "c")
        var writer = try TarWriter(contentsOf: space.path + "/t")
        var bytes = try #require(try writer.next())
        #expect(truncate(long, 150_000) == 0)
        while let piece = try writer.next() {
            bytes += piece
            // Nothing happens to b unless its header is out: it is then that it grows.
            if bytes.count > 300_000 { try AtomicFile.write("b", to: short) }
        }
        let report = try TarExtraction.unpack(bytes, into: space.path + "/out")
        #expect(report.files == 3)
        #expect(try AtomicFile.read(space.path + "/out/a").count == 300_000)
        #expect(try AtomicFile.text(space.path + "/out/c") == "c")
        #expect(writer.report.refused.map(\.name) == ["a"])
        #expect(writer.report.refused[0].why.contains("shrank"))
    }

    @Test func aPipeIsFedAndEmptied() async throws {
        let space = try Workspace("tar")
        let root = try tarSample(space)
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        async let report = Blocking.run { try TarExtraction.unpack(from: reading, into: space.path + "/out") }
        let skipped = try await Blocking.run {
            defer { close(writing) }
            return try TarWriter.write(contentsOf: root, to: writing)
        }
        #expect(skipped == [])
        #expect(try await report.files == 5)
        close(reading)
        #expect(try tarTree(space.path + "/out") == tarTree(root))
    }
}
