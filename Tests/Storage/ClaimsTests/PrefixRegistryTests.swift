import AtollClaims
import AtollModel
import AtollPlatform
import AtollTestSupport
import Foundation
import Glibc
import Testing

@Suite struct StateRootTests {
    @Test func directoriesAreSharedWithTheGroupOnly() throws {
        let space = try Workspace("state")
        let root = StateRoot(path: space.path + "/deep/atoll")
        try root.prepare()
        for path in [root.path, root.store, root.repos, root.images, root.prefixes] {
            let status = try #require(SystemCall.status(path))
            #expect(status.st_mode & 0o7 == 0)
            #expect(status.st_mode & 0o770 == 0o770)
        }
        // A second time nothing is changed: modes an administrator chose stay.
        #expect(chmod(root.store, 0o700) == 0)
        #expect(try root.prepare() == [])
        #expect(try #require(SystemCall.status(root.store)).st_mode & 0o777 == 0o700)
    }

    @Test func theQEMUUserMayPassButNotList() throws {
        guard let user = AccessControl.qemuUser else { return }
        let space = try Workspace("state")
        let root = StateRoot(path: space.path + "/atoll")
        guard try root.prepare().isEmpty else { return }
        #expect(AccessControl.granted(on: root.images, to: user) == .execute)
    }

    @Test func aFileInPlaceOfADirectoryIsNamed() throws {
        let space = try Workspace("state")
        let root = StateRoot(path: try space.write("atoll", ""))
        let error = #expect(throws: ClaimError.self) { try root.prepare() }
        #expect(error?.message.contains(root.path) == true)
    }

    @Test func theVariableOverridesTheDefault() {
        #expect(StateRoot(environment: ["ATOLL_STATE": "/x"]).store == "/x/store")
        #expect(StateRoot(environment: ["ATOLL_STATE": ""]).path == "/var/lib/atoll")
        #expect(StateRoot(environment: ["ATOLL_STATE": "state/"]).path == Directories.working() + "/state")
    }
}

@Suite struct PrefixRegistryTests {
    let space: Workspace
    let registry: PrefixRegistry

    init() throws {
        space = try Workspace("registry")
        registry = PrefixRegistry(StateRoot(path: space.path + "/state"))
    }

    func prefix(_ name: String, _ seed: UInt64) throws -> RegisteredPrefix {
        var generator = SeededGenerator(seed: seed)
        try Directories.make(space.path + "/" + name)
        return RegisteredPrefix(
            path: space.path + "/" + name, id: PrefixID(using: &generator), created: Date(timeIntervalSince1970: Double(seed)), verb: "init"
        )
    }

    @Test func entriesRoundTrip() throws {
        var (a, b) = (try prefix("a", 2), try prefix("b", 1))
        try registry.register(a)
        try registry.register(b)
        #expect(try registry.list().entries == [b, a])
        a.state = .ready
        try registry.register(a)
        #expect(try registry.find(path: a.path) == a)
        try registry.remove(try #require(b.id))
        try registry.remove(try #require(b.id))
        #expect(try registry.list().entries == [a])
        b.uuid = "../../etc/passwd"
        #expect(throws: ClaimError.self) { try registry.register(b) }
    }

    @Test func aRemovedPrefixStaysRegistered() throws {
        let a = try prefix("a", 1)
        try registry.register(a)
        try Directories.removeTree(a.path)
        #expect(try registry.list().entries == [a])
    }

    @Test func anInvalidEntryIsAWarning() throws {
        let a = try prefix("a", 1)
        try registry.register(a)
        try space.write("state/prefixes/junk.json", "{}")
        let found = try registry.list()
        #expect(found.entries == [a])
        #expect(found.warnings.count == 1 && found.warnings[0].contains("junk.json"))
    }
}
