import AtollClaims
import AtollInstances
import AtollPlatform
import AtollTestSupport
import Foundation
import Testing

@Suite struct RunDirectoryTests {
    private let workspace: Workspace
    private let root: StateRoot

    init() throws {
        workspace = try Workspace()
        root = StateRoot(path: workspace.path + "/state")
    }

    private func record(_ run: String) -> RunDirectory.Record { .init(run: run, expires: Date(timeIntervalSinceNow: 60)) }

    @Test("check 71: a run of that name is refused, and the one there is left as it is") func taken() throws {
        let first = try RunDirectory.create(record("r1"), root: root)
        let error = #expect(throws: DisposableError.self) { try RunDirectory.create(record("r1"), root: root) }
        #expect(error?.code == .exists)
        #expect(SystemCall.exists(first.path + "/run.json"))
        #expect(try Directories.list(RunDirectory.parent(root)) == ["r1"])
    }

    @Test("only what nobody holds is adopted") func adopting() throws {
        let path: String
        do {
            let held = try RunDirectory.create(record("r2"), root: root)
            path = held.path
            #expect(try RunDirectory.adopt(path) == nil)
            held.leave()
        }
        let adopted = try #require(try RunDirectory.adopt(path))
        try adopted.remove()
        #expect(!SystemCall.exists(path))
    }

    @Test("no lock's file is made in a directory that has none for a moment only: it is being removed") func going() throws {
        let path = RunDirectory.parent(root) + "/gone"
        #expect(throws: (any Error).self) { try RunDirectory.adopt(path) }
        try Directories.make(path)
        #expect(throws: (any Error).self) { try RunDirectory.adopt(path) }
        #expect(try Directories.list(path) == [])
        let later = try #require(try RunDirectory.adopt(path, now: Date(timeIntervalSinceNow: 61)))
        try later.remove()
        #expect(!SystemCall.exists(path))
    }

    @Test("the record says what is kept, and until when") func keeping() throws {
        let directory = try RunDirectory.create(record("r3"), root: root)
        let until = Date(timeIntervalSince1970: 2_000_000_000)
        try directory.update { record in
            record.kept = "FAILED"
            record.expires = until
        }
        let read = try #require(try RunDirectory.list(root).first?.record)
        #expect(read.kept == "FAILED")
        #expect(read.expires == until)
    }

    @Test("a VM's host name has no underscore, and its environment one VM and one network") func request() {
        let request = VMRequest(run: "20260101_120000_123456", image: .template("tiny"))
        #expect(request.machineName == "taskotron-20260101-120000-123456")
        #expect(VMRequest(run: "R.1_a", image: .template("tiny")).machineName == "taskotron-r-1-a")
    }
}
