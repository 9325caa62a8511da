import AtollModel
import AtollTestSupport
import OrderedCollections
import Testing

@testable import AtollBootstrap

@Suite struct CloudConfigTests {
    private func merged(_ written: Value?, password: Secret? = nil, directory: String = "/", environment: [String: String] = [:]) throws
        -> CloudConfig
    {
        var config = try CloudConfig(defaultsFor: Samples.identity(password: password))
        try config.merge(written, directory: directory, environment: environment)
        return config
    }

    @Test func defaultsPinKeysAndLeaveThePasswordAlone() throws {
        let user = try merged(nil).userData
        #expect(user["ssh_keys"]?["ed25519_private"]?.text?.hasPrefix("-----BEGIN") == true)
        #expect(user["ssh_keys"]?["ed25519_public"] == "ssh-ed25519 AAAAHOST vm-a")
        #expect(user["ssh_authorized_keys"] == ["ssh-ed25519 AAAAUSER prefix"])
        #expect(user["disable_root"] == false)
        #expect(user["fqdn"] == "vm-a.lago.local")
        #expect(user["chpasswd"] == nil)
        #expect(user["ssh_pwauth"] == false)
        let set = try merged(nil, password: "s3cret").userData
        #expect(set["chpasswd"]?["list"]?.elements?.first?.text?.hasPrefix("root:$6$") == true)
        #expect(set["ssh_pwauth"] == true)
    }

    @Test func listsJoinMapsRecurseScalarsReplace() throws {
        let user = try merged([
            "user-data": [
                "ssh_authorized_keys": ["ssh-rsa MINE"], "hostname": "other", "ssh_keys": ["rsa_public": "x"],
                "write_files": [["path": "/etc/motd", "content": "hi"]], "runcmd": [["touch", "/x"]],
            ],
            "meta-data": ["instance-id": "mine", "extra": ["a": 1]],
        ])
        #expect(user.userData["ssh_authorized_keys"] == ["ssh-ed25519 AAAAUSER prefix", "ssh-rsa MINE"])
        #expect(user.userData["hostname"] == "other")
        #expect(user.userData["ssh_keys"]?.members?.count == 3)
        #expect(user.userData["write_files"]?.elements?.count == 3)
        #expect(user.userData["runcmd"] == [["touch", "/x"]])
        #expect(user.metaData == ["instance-id": "mine", "local-hostname": "vm-a", "extra": ["a": 1]])
    }

    @Test func readsAFileRelativeToTheCallersDirectory() throws {
        let workspace = try Workspace()
        try workspace.write("conf/user", "#cloud-config\nbase: &b {x: 1}\npackages: [vim]\ncopy: {<<: *b, y: 2}\n")
        let user = try merged(
            ["user-data": ["path": "$DIR/${FILE}"]], directory: workspace.path, environment: ["DIR": "conf", "FILE": "user"]
        ).userData
        #expect(user["packages"] == ["vim"])
        #expect(user["copy"] == ["x": 1, "y": 2])
    }

    @Test func aFileAtHomeIsFound() throws {
        let workspace = try Workspace()
        try workspace.write("user", "packages: [vim]\n")
        #expect(try merged(["user-data": ["path": "~/user"]], environment: ["HOME": workspace.path]).userData["packages"] == ["vim"])
    }

    @Test func everyUselessMemberIsNamedOnce() throws {
        let problems = CloudConfig.problems(
            ["user-data": ["path": "/nonexistent/x"], "meta-data": ["a": 1], "userdata": [:]], directory: "/", environment: [:])
        #expect(problems.map(\.key) == ["user-data", "userdata"])
        #expect(problems.last?.message.hasPrefix("unknown key; allowed are") == true)
    }

    @Test(arguments: [
        ("- a\n", "expected a mapping, found a list"),
        ("a: [\n", "2:"),
    ]) func refusesFilesThatCannotBeMerged(_ text: String, _ expected: String) throws {
        let workspace = try Workspace()
        try workspace.write("user", text)
        let error = try #require(throws: BootstrapError.self) { try merged(["user-data": ["path": "user"]], directory: workspace.path) }
        #expect(error.code == .cloudInit)
        #expect(error.message.contains(expected), "\(error.message)")
        #expect(error.message.contains("cloud-init.user-data: \(workspace.path)/user"))
    }

    @Test(
        arguments: [
            (["user-data": ["path": "/nonexistent/$UNKNOWN"]], "/nonexistent/$UNKNOWN"), (["user-data": 3], "found a whole number"),
            (["userdata": [:]], "cloud-init.userdata: unknown key"), (["user-data": ["path": "x", "y": 1]], "stands alone"),
            (["meta-data": "#!/bin/sh\n- a\n"], "found a list"),
            ("x", "expected a mapping"),
        ] as [(Value, String)]) func refusesWhatItCannotUse(_ written: Value, _ expected: String)
    {
        #expect { try merged(written) } throws: { "\($0)".contains(expected) }
    }

    @Test func anAliasBombIsRefused() throws {
        let workspace = try Workspace()
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...8 { text += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", "))]\n" }
        try workspace.write("bomb", text)
        #expect(throws: (any Error).self) { try merged(["user-data": ["path": "bomb"]], directory: workspace.path) }
    }

    @Test func textThatLooksLikeSomethingElseStaysText() throws {
        let tree: Value = [
            "mode": "0644", "yes": "yes", "number": "123456", "null": "null", "empty": "", "colon": "a: b", "hash": "# x",
            "date": "2020-01-01",
            "lines": "a\n  b\n\nc\n", "open": "x\ny", "lead": " x\ny\n", "star": "*x", "tilde": "~", "unicode": "ä→", "real": 1.5, "int": 7,
            "flag": true, "none": nil, "list": [], "map": [:], "mac": "54:52:00:00:00:01", "hex": "0x10", "e": "1e3", "tab": "a\tb",
        ]
        #expect(try YAMLText.parse(YAMLText.render(tree)) == tree)
    }
}
