import AtollModel
import AtollResults
import AtollTestSupport
import Foundation
import Glibc
import OrderedCollections
import Testing

@Suite struct ResultFileTests {
    @Test("check 45: twice on one file gives two results, a=b=c keeps b=c, a bad outcome leaves the file as it was")
    func twice() async throws {
        let workspace = try Workspace("atoll-results")
        let path = workspace.path + "/r.yml"
        let first = try ResultFile.detail(
            item: "x", type: "koji_build", outcome: "PASSED", keyvals: ["a=b=c", "n=1", "empty="], checkname: "c")
        #expect(try await ResultFile.append(first, to: path).count == 1)
        let second = try ResultFile.detail(item: "y", type: "koji_build", outcome: "FAILED", note: "bad", artifact: "y.log")
        #expect(try await ResultFile.append(second, to: path).count == 2)
        let details = try ResultFile.read(path)
        #expect(details == [first, second])
        #expect(details[0].keyvals == ["a": "b=c", "n": "1", "empty": ""])

        let before = try String(contentsOfFile: path, encoding: .utf8)
        #expect(throws: ResultsError.self) { try ResultFile.detail(item: "z", type: "t", outcome: "GREAT") }
        #expect(throws: ResultsError.self) { try ResultFile.detail(item: "z", type: "t", outcome: "PASSED", keyvals: ["novalue"]) }
        await #expect(throws: ResultsError.self) { try await ResultFile.append(CheckDetail(item: ""), to: path) }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: workspace.path) == ["r.yml"])
    }

    @Test("an empty file has no results; one that is no ResultYAML is left alone")
    func existing() async throws {
        let workspace = try Workspace("atoll-results")
        let empty = try workspace.write("empty.yml", "\n")
        chmod(empty, 0o600)
        #expect(try await ResultFile.append(CheckDetail(item: "x", outcome: .info), to: empty).count == 1)
        #expect((try FileManager.default.attributesOfItem(atPath: empty)[.posixPermissions] as? Int) == 0o600)
        let other = try workspace.write("other.yml", "some: notes\n")
        await #expect(throws: ResultsError.self) { try await ResultFile.append(CheckDetail(item: "x"), to: other) }
        #expect(try String(contentsOfFile: other, encoding: .utf8) == "some: notes\n")
        await #expect(throws: ResultsError.self) {
            try await ResultFile.append(CheckDetail(item: "x"), to: workspace.path + "/no/where.yml")
        }
    }

    @Test("a link stays a link to the file that grew")
    func link() async throws {
        let workspace = try Workspace("atoll-results")
        let file = try workspace.write("file.yml", "results: []\n")
        symlink("file.yml", workspace.path + "/link.yml")
        try await ResultFile.append(CheckDetail(item: "x", outcome: .passed), to: workspace.path + "/link.yml")
        #expect(try ResultFile.read(file).count == 1)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: workspace.path + "/link.yml") == "file.yml")
    }

    @Test("several writers at once lose nothing")
    func concurrent() async throws {
        let workspace = try Workspace("atoll-results")
        let path = workspace.path + "/r.yml"
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<12 {
                group.addTask { try await ResultFile.append(CheckDetail(item: "item-\(number)", outcome: .passed), to: path) }
            }
            try await group.waitForAll()
        }
        #expect(Set(try ResultFile.read(path).map(\.item)).count == 12)
    }
}
