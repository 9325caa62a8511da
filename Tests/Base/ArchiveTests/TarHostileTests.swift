import AtollArchive
import AtollTestSupport
import Foundation
import Glibc
import Testing

@testable import AtollPlatform

/// Archives as an enemy writes them.
struct TarForgery {
    var bytes: [UInt8] = []

    mutating func add(_ name: String, _ kind: TarHeader.Kind, to target: String = "", mode: UInt32 = 0o644, _ content: String = "") {
        let body = Array(content.utf8)
        bytes += TarHeader(name: Array(name.utf8), kind: kind, mode: mode, size: Int64(body.count), target: Array(target.utf8)).encoded()
        bytes += body + [UInt8](repeating: 0, count: TarHeader.padding(after: Int64(body.count)))
    }

    /// A pax header before the next member.
    mutating func pax(_ text: String) { add("pax", .other(UInt8(ascii: "x")), text) }

    var whole: [UInt8] { bytes + TarHeader.end }
}

@Suite struct TarHostileTests {
    @Test func whatLeadsOutIsRefusedAndTheRestComes() throws {
        let space = try Workspace("tar")
        try space.write("secret", "secret")
        let out = space.path + "/out"
        var forgery = TarForgery()
        forgery.add("../evil", .file, "x")
        forgery.add("/etc/evil", .file, "x")
        forgery.add("a/../../evil", .file, "x")
        forgery.add("abs", .symbolicLink, to: "/etc/passwd")
        forgery.add("up", .symbolicLink, to: "../secret")
        forgery.add("in/up", .symbolicLink, to: "../../secret")
        forgery.add("in/fine", .symbolicLink, to: "../good")
        forgery.add("in/tricky", .symbolicLink, to: "fine/../../x")
        forgery.add("hard", .hardLink, to: "../secret")
        forgery.add("hard2", .hardLink, to: "/etc/passwd")
        forgery.add("hard3", .hardLink, to: "nothing/there")
        forgery.add("null", .other(UInt8(ascii: "3")))
        forgery.add("disk", .other(UInt8(ascii: "4")))
        forgery.add("fifo", .other(UInt8(ascii: "6")))
        forgery.add("strange", .other(UInt8(ascii: "Z")), "body")
        forgery.pax("22 path=../../evil-pax\n")
        forgery.add("innocent", .file, "x")
        forgery.pax("nonsense")
        forgery.add("faulty", .file, "x")
        forgery.add("\u{1B}[2Jclear", .other(UInt8(ascii: "6")))
        forgery.add("good", .file, mode: 0o6755, "good")
        let report = try TarExtraction.unpack(forgery.whole, into: out)
        #expect(report.files == 1 && report.links == 1)
        #expect(try tarTree(out) == ["good": "file 755 \(Digest.sha256("good".utf8))", "in": "directory 755", "in/fine": "-> ../good"])
        #expect(report.refusedCount == 17)
        #expect(report.refused.map(\.why).filter { $0 == "a device node" }.count == 2)
        #expect(report.refused.first?.description == "../evil: a path that leaves its directory")
        #expect(report.refused.last?.name == "\u{FFFD}[2Jclear")
        #expect(report.summary.hasPrefix("1 files, 0 directories, 4 bytes, 1 links; 17 refused: ../evil"))
        #expect(try Directories.list(space.path) == ["out", "secret"])
    }

    @Test func whatIsReservedIsLeftAlone() throws {
        let space = try Workspace("tar")
        try space.write("out/taskotron/run.json", "ours")
        var forgery = TarForgery()
        forgery.add("taskotron/", .directory)
        forgery.add("./taskotron/run.json", .file, "theirs")
        forgery.add("taskotron", .symbolicLink, to: "elsewhere")
        forgery.add("link", .hardLink, to: "taskotron/run.json")
        forgery.add("taskotron2/run.json", .file, "theirs")
        var limits = TarLimits()
        limits.reserved = ["taskotron"]
        let report = try TarExtraction.unpack(forgery.whole, into: space.path + "/out", limits: limits)
        #expect(try AtomicFile.text(space.path + "/out/taskotron/run.json") == "ours")
        #expect(try Directories.list(space.path + "/out") == ["taskotron", "taskotron2"])
        #expect(report.files == 1 && report.refused.map(\.name) == ["./taskotron/run.json", "taskotron", "link"])
        #expect(report.refused[0].why == TarReport.reserved)
    }

    @Test func aLinkMadeBeforeIsNeverFollowed() throws {
        let space = try Workspace("tar")
        try space.write("outside/keep", "keep")
        let out = space.path + "/out"
        try Directories.make(out)
        // One that was there before, which no archive could make, and one of the archive.
        try SymbolicLink.make(out + "/old", to: "../outside")
        try SymbolicLink.make(out + "/file", to: "../outside/keep")
        var forgery = TarForgery()
        forgery.add("dir", .directory, mode: 0o755)
        forgery.add("inner", .symbolicLink, to: "dir")
        forgery.add("inner/x", .file, "x")
        forgery.add("old/x", .file, "x")
        forgery.add("old/sub/", .directory)
        forgery.add("old", .directory, mode: 0o777)
        forgery.add("hard", .hardLink, to: "old/keep")
        forgery.add("hard2", .hardLink, to: "file")
        forgery.add("file", .file, "new")
        forgery.add("dir", .file, "a file for a directory")
        forgery.add("file/x", .file, "a file as a directory")
        let report = try TarExtraction.unpack(forgery.whole, into: out)
        #expect(report.refusedCount == 8)
        #expect(report.refused.contains { $0.name == "old/x" && $0.why.contains("a symbolic link, which is not followed") })
        #expect(report.refused.contains { $0.name == "dir" && $0.why == "a directory is in the way" })
        #expect(
            try tarTree(space.path + "/outside") == ["keep": "file \(mode(space.path + "/outside/keep")) \(Digest.sha256("keep".utf8))"])
        // The link itself made way for the file.
        #expect(try AtomicFile.text(out + "/file") == "new")
        #expect(SymbolicLink.target(out + "/file") == nil)
    }

    @Test func aFileWithAnotherNameIsReplacedNotWrittenTo() throws {
        let space = try Workspace("tar")
        let elsewhere = try space.write("elsewhere", "mine")
        try Directories.make(space.path + "/out")
        #expect(link(elsewhere, space.path + "/out/a") == 0)
        var forgery = TarForgery()
        forgery.add("a", .file, "theirs")
        forgery.add("b", .hardLink, to: "a")
        forgery.add("sub/c", .hardLink, to: "./b")
        #expect(try TarExtraction.unpack(forgery.whole, into: space.path + "/out").refused == [])
        #expect(try AtomicFile.text(elsewhere) == "mine")
        #expect(try AtomicFile.text(space.path + "/out/sub/c") == "theirs")
    }

    @Test func limitsAreKeptAndSaid() throws {
        let space = try Workspace("tar")
        var forgery = TarForgery()
        forgery.add("a", .file, String(repeating: "a", count: 600))
        forgery.add("big", .file, String(repeating: "b", count: 5000))
        forgery.add("c", .file, String(repeating: "c", count: 400))
        forgery.add("one/two/three/four", .file, "deep")
        forgery.add(String(repeating: "n", count: 300), .file, "long")
        forgery.add((0..<400).map { _ in "0123456789" }.joined(separator: "/"), .file, "longer")
        forgery.add("d", .directory)
        forgery.add("e", .directory)
        let limits = TarLimits(bytes: 1000, entries: 7, pathLength: 4000, depth: 3)
        let report = try TarExtraction.unpack(forgery.whole, into: space.path + "/out", limits: limits, step: 100)
        #expect(report.files == 2 && report.bytes == 1000 && report.directories == 1)
        #expect(report.leftOut == 2 && report.leftOutBytes == 5000)
        #expect(
            report.refused.map(\.why) == [
                "over the limit of 1000 bytes in all", "a path of 4 names", "a name of 300 bytes", "a path of 4399 bytes",
                "over the limit of 7 members",
            ])
        #expect(report.summary.hasSuffix("(2 members, 5000 bytes, over a limit)"))
    }

    @Test func manyRefusalsAreCountedNotKept() throws {
        let space = try Workspace("tar")
        var forgery = TarForgery()
        for index in 0..<500 { forgery.add("../\(index)", .file) }
        let report = try TarExtraction.unpack(forgery.whole, into: space.path + "/out")
        #expect(report.refused.count == 100 && report.refusedCount == 500)
    }

    @Test func aStreamThatIsCutOrNoTarIsSaidToBe() throws {
        let space = try Workspace("tar")
        var forgery = TarForgery()
        forgery.add("first", .file, "1")
        forgery.add("second", .file, String(repeating: "2", count: 3000))
        let out = space.path + "/out"
        func message(_ bytes: [UInt8]) -> String {
            let error = #expect(throws: PlatformError.self) { try TarExtraction.unpack(bytes, into: out) }
            #expect(error?.code == .malformed)
            return error?.message ?? ""
        }
        #expect(message([]) == "the tar stream is empty")
        #expect(message(Array(forgery.bytes.prefix(2500))) == "the tar stream is cut off after 2500 bytes, within its member 2")
        #expect(!SystemCall.exists(out + "/second"), "half a file was left")
        #expect(try AtomicFile.text(out + "/first") == "1")
        #expect(message(forgery.bytes).contains("after its member 2"))
        #expect(
            message(Array("tar: command not found\n".utf8) + [UInt8](repeating: 65, count: 600)).contains(
                "no header where one belongs, at byte 0"))
        var damaged = forgery.whole
        damaged[1024 + 5] ^= 1
        #expect(message(damaged).contains("at byte 1024, after 1 members"))
        // Once broken it stays so.
        var extraction = try TarExtraction(into: out)
        #expect(throws: PlatformError.self) { try extraction.feed([UInt8](repeating: 65, count: 600)) }
        #expect(throws: PlatformError.self) { try extraction.feed(TarHeader.end) }
        #expect(throws: PlatformError.self) { _ = try extraction.finish() }
        // Some end an archive with one block of zeros.
        #expect(try TarExtraction.unpack(Array(forgery.whole.dropLast(512)), into: out).files == 2)
    }

    @Test func aFullDiskIsOneClearError() throws {
        // The device takes every write as a full disk does.
        guard SystemCall.exists("/dev/full") else { return }
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        defer { close(full) }
        let space = try Workspace("tar")
        let error = #expect(throws: PlatformError.self) { try TarWriter.write(contentsOf: try tarSample(space), to: full) }
        #expect(error?.code == .noSpace)
    }

    @Test(arguments: UInt64(0)..<8) func mutatedArchivesNeverCrashNorLeaveTheirDirectory(_ stream: UInt64) throws {
        var generator = SeededGenerator(seed: UInt64.random(in: 0 ... .max))
        print("seed \(generator.seed)")
        let space = try Workspace("tar")
        try space.write("outside", "outside")
        let names = ["a", "b", "a/b", "b/a", "../outside", "a/../../outside", "/tmp/x", ".", "..", "a/b/c", "\u{7F}", "", "b/c/d/../e"]
        let kinds: [TarHeader.Kind] = [
            .file, .hardLink, .symbolicLink, .directory, .other(51), .other(76), .other(75), .other(120), .other(103),
        ]
        for round in 0..<40 {
            var forgery = TarForgery()
            for _ in 0..<Int.random(in: 1...12, using: &generator) {
                let content = [
                    "", "x", "18 path=../outside\n", "../outside", String(repeating: "y", count: 700),
                    "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n25 GNU.sparse.realsize=9\n", "1\n3\n2\n",
                ]
                forgery.add(
                    names.randomElement(using: &generator) ?? "", kinds.randomElement(using: &generator) ?? .file,
                    to: names.randomElement(using: &generator) ?? "", mode: .random(in: 0...0o7777, using: &generator),
                    content.randomElement(using: &generator) ?? "")
            }
            var bytes = forgery.whole
            if round % 2 == 1 {
                for _ in 0..<Int.random(in: 1...20, using: &generator) {
                    bytes[Int.random(in: bytes.indices, using: &generator)] = .random(in: 0...255, using: &generator)
                }
                bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &generator)))
                // Sums that are right again let the mutations through.
                for at in stride(from: 0, to: bytes.count - 511, by: 512) { Self.mendSum(&bytes, at) }
            }
            let out = space.path + "/out"
            _ = try? TarExtraction.unpack(bytes, into: out, step: .random(in: 1...2000, using: &generator))
            #expect(try Directories.list(space.path).filter { $0 != "out" } == ["outside"], "seed \(generator.seed) round \(round)")
            #expect(try AtomicFile.text(space.path + "/outside") == "outside", "seed \(generator.seed) round \(round)")
            for (path, what) in try tarTree(out) where what.hasPrefix("-> ") {
                let real = Directories.realAncestor(Directories.absolute(String(what.dropFirst(3)), relativeTo: out + "/" + path + "/.."))
                #expect((real + "/").hasPrefix(Directories.real(out) + "/"), "seed \(generator.seed) round \(round): \(path) \(what)")
            }
            var noise = [UInt8](repeating: 0, count: Int.random(in: 0...5000, using: &generator))
            for index in noise.indices { noise[index] = .random(in: 0...255, using: &generator) }
            _ = try? TarExtraction.unpack(noise, into: out)
        }
    }

    static func mendSum(_ bytes: inout [UInt8], _ at: Int) {
        for index in 148..<156 { bytes[at + index] = 32 }
        let sum = bytes[at..<at + 512].reduce(0) { $0 + Int($1) }
        let digits = String(sum, radix: 8)
        for (index, digit) in (String(repeating: "0", count: 6 - digits.count) + digits + "\0").utf8.enumerated() {
            bytes[at + 148 + index] = digit
        }
    }

    private func mode(_ path: String) -> String { String((SystemCall.status(path)?.st_mode ?? 0) & 0o7777, radix: 8) }
}
