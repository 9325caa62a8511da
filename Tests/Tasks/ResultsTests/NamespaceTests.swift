import AtollResults
import AtollTestSupport
import OrderedCollections
import Testing

@Suite struct NamespaceTests {
    static let text = """
        namespaces_safe: [scratch]
        namespaces_whitelist:
            dist: [https://example.org/task-rpmlint.git]
            pkg:  [git://pkgs.example.org/test-rpms/]
            qa: []
        """

    @Test("check 54: safe passes, whitelisted only with its origin, qa1.x is not qa, unknown is an error")
    func rules() throws {
        let rules = try Namespaces(parsing: Self.text)
        try rules.check(checkname: "scratch.mytest", origin: nil)
        try rules.check(checkname: "dist.rpmlint", origin: "https://example.org/task-rpmlint.git")
        try rules.check(checkname: "pkg.x.y", origin: "git://pkgs.example.org/test-rpms/gzip")
        for (name, origin) in [
            ("dist.rpmlint", nil), ("dist.rpmlint", "https://example.org/other.git"),
            ("dist.rpmlint", "https://example.org/task-rpmlint.git-evil"),
            ("pkg.x", "git://pkgs.example.org/test-rpms/../evil"), ("qa.x", "https://example.org/a"), ("qa1.x", nil), ("scratch", nil),
            ("scratchy.x", nil), ("nowhere.x", "https://example.org/task-rpmlint.git"),
        ] as [(String, String?)] {
            let error = #expect(throws: ResultsError.self, "\(name) \(origin ?? "-")") { try rules.check(checkname: name, origin: origin) }
            #expect(error?.code == .namespace)
        }
        let error = #expect(throws: ResultsError.self) {
            try rules.check(checkname: "dist.x", origin: "https://me:secret@example.org/x.git")
        }
        #expect(error?.message.contains("not allowed to post into namespace dist") == true)
        #expect(error?.message.contains("secret") == false)
    }

    @Test("an empty namespaces file is the defaults; a wrong one is refused with its line")
    func parse() throws {
        #expect(try Namespaces(parsing: "") == Namespaces(safe: ["scratch"], whitelist: [:]))
        #expect(try Namespaces(parsing: "# none\n").safe == ["scratch"])
        for text in ["[]", "namespaces_safe: scratch", "namespaces_whitelist: [a]", "namespaces_whitelist: {a: [[]]}", "a: ["] {
            #expect(throws: ResultsError.self, "\(text)") { try Namespaces(parsing: text) }
        }
    }

    @Test("the origin is read from git's own files")
    func origin() throws {
        let config = """
            [core]
            \tbare = false ; url = no
            [remote "upstream"]
            \turl = https://example.org/upstream.git
            [Remote "origin"]
            \tfetch = +refs/heads/*:refs/remotes/origin/*
            \tURL = "https://example.org/a b.git"   # where it came from
            """
        #expect(GitOrigin.url(inConfig: config) == "https://example.org/a b.git")
        #expect(GitOrigin.url(inConfig: "[remote \"origin\"] url = git@h:x.git\n") == "git@h:x.git")
        #expect(GitOrigin.url(inConfig: "[remote \"Origin\"]\nurl = x\n") == nil)
        #expect(GitOrigin.url(inConfig: "") == nil)

        let workspace = try Workspace("atoll-results")
        try workspace.write("clone/.git/config", config)
        #expect(GitOrigin.of(directory: workspace.path + "/clone") == "https://example.org/a b.git")
        try workspace.write("tree/.git", "gitdir: ../clone/.git/worktrees/tree\n")
        try workspace.write("clone/.git/worktrees/tree/commondir", "../..\n")
        #expect(GitOrigin.of(directory: workspace.path + "/tree") == "https://example.org/a b.git")
        #expect(GitOrigin.of(directory: workspace.path) == nil)
    }
}
