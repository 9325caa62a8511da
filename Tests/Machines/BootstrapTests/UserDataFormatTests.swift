import AtollCommands
import AtollModel
import AtollPlatform
import AtollTestSupport
import Testing

@testable import AtollBootstrap

@Suite struct UserDataFormatTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test(arguments: [
        ("#!/bin/sh\n", "text/x-shellscript"), ("\n  #!/bin/sh\n", "text/x-shellscript"), ("#include\nhttp://x\n", "text/x-include-url"),
        ("#include-once\nhttp://x\n", "text/x-include-once-url"), ("## template: jinja\n#cloud-config\n", "text/jinja2"),
        ("#cloud-config-archive\n", "text/cloud-config-archive"), ("#cloud-boothook\n", "text/cloud-boothook"),
        ("#part-handler\n", "text/part-handler"), ("#cloud-config-jsonp\n", "text/cloud-config-jsonp"),
    ]) func formatsHaveTheContentTypesOfCloudInit(_ text: String, _ type: String) {
        #expect(UserDataFormat(bytes(text)) == .part(contentType: type))
    }

    @Test func gzipMessagesAndYAMLAreRecognized() {
        #expect(UserDataFormat([0x1f, 0x8b, 8, 0]) == .part(contentType: "application/gzip"))
        #expect(UserDataFormat(bytes("Content-Type: multipart/mixed; boundary=x\n")) == .mime)
        #expect(UserDataFormat(bytes("MIME-Version: 1.0\n")) == .mime)
        #expect(UserDataFormat(bytes("From nobody Mon\nContent-Type: multipart/mixed\n")) == .mime)
        #expect(UserDataFormat(bytes("#cloud-config\nx: 'mime-version: 1'\n")) == .cloudConfig)
        #expect(UserDataFormat(bytes("packages: [vim]\n")) == .cloudConfig)
    }

    /// What cloud-init would see: Python's own parser takes the message apart.
    @Test(arguments: [
        "#!/bin/sh\necho hi\n",
        "From nobody x\nContent-Type: multipart/mixed; boundary=\"b\"\nMIME-Version: 1.0\n\n--b\nContent-Type: text/x-shellscript\n\n#!/bin/sh\necho hi\n\n--b--\n",
    ]) func ownPartsFollowTheUsersPart(_ text: String) async throws {
        let space = try Workspace()
        try space.write("script", text)
        var config = try CloudConfig(defaultsFor: Samples.identity())
        try config.merge(["user-data": ["path": "script"]], directory: space.path, environment: [:])
        try space.write("out", String(decoding: config.userDataBytes, as: UTF8.self))
        let program = """
            import email, sys
            m = email.message_from_file(open(sys.argv[1]))
            for p in m.walk():
                if p.get_content_maintype() != "multipart":
                    print(p.get_content_type(), p.get_payload(decode=True).decode().strip().splitlines())
            """
        let output = try await Tool.run("python3", ["-c", program, space.path + "/out"])
        let lines = output.split(separator: "\n").map(String.init)
        try #require(lines.count == 3, "\(lines)")
        #expect(lines[0] == "text/x-shellscript ['#!/bin/sh', 'echo hi']")
        #expect(lines[1].hasPrefix("text/cloud-config ['#cloud-config'") && lines[1].contains("'disable_root: false'"))
        #expect(lines[1].contains("dict(replace)") && lines[1].contains("ed25519_private") && !lines[1].contains("write_files"))
        #expect(lines[2].contains("list(append)") && lines[2].contains("ssh-ed25519 AAAAUSER prefix") && lines[2].contains("write_files"))
    }

    @Test func vendorDataIsAFileOfTheSeed() throws {
        for (written, expected): (Value, String) in [(["runcmd": []], "#cloud-config\nruncmd: []\n"), ("#!/bin/sh\n", "#!/bin/sh\n")] {
            let volume = try ISOReader(try SeedVolume.image(of: Samples.identity(), cloudInit: ["vendor-data": written]))
            #expect(volume.text("vendor-data") == expected)
        }
    }

    @Test(
        arguments: [
            (["disable_root": true], "root", ["disable_root"]), (["disable_root": "yes"], "root", ["disable_root"]),
            (["disable_root": false], "root", []), (["disable_root": true], "debian", []), (["users": [["name": "dev"]]], "root", []),
            (["users": [["name": "dev"]]], "debian", ["users"]), (["users": ["default"]], "debian", []),
            (["users": "dev, default"], "debian", []), (["users": ["dev": ["shell": "/usr/sbin/nologin"]]], "dev", ["users.dev.shell"]),
            (["users": [["name": "root", "ssh_redirect_user": true]]], "root", ["users.0.ssh_redirect_user"]),
            (["ssh_keys": ["ed25519_private": "x"]], "root", ["ssh_keys.ed25519_private"]), (["ssh_keys": nil], "root", ["ssh_keys"]),
            (["ssh_keys": ["rsa_private": "x"]], "root", []), (["ssh_authorized_keys": "x"], "root", ["ssh_authorized_keys"]),
            (["cloud_init_modules": ["write_files"]], "root", ["cloud_init_modules"]),
            (["cloud_init_modules": [["ssh", "always"]]], "root", []), (["preserve_hostname": true], "root", ["preserve_hostname"]),
            (["ssh_pwauth": false, "ssh": ["emit_keys_on_console": false], "ssh_deletekeys": false], "root", []),
        ] as [(Value, String, [String])]) func whatKeepsUsOutIsFound(_ user: Value, _ sshUser: String, _ expected: [String])
    {
        #expect(CloudConfig.loginProblems(user, sshUser: sshUser).map { $0.path.joined(separator: ".") } == expected)
    }

    @Test func aUserThatLogsInGetsTheKey() throws {
        var config = try CloudConfig(defaultsFor: Samples.identity())
        try config.merge(["user-data": ["users": ["default", ["name": "dev"]]]], directory: "/", environment: [:])
        config.authorize(["ssh-ed25519 K"], sshUser: "dev")
        #expect(config.userData["users"] == ["default", ["name": "dev", "ssh_authorized_keys": ["ssh-ed25519 K"]]])
    }

    @Test(arguments: [
        ("vm-a", "vm-a.lago.local vm-a"), ("host.example.com", "host.example.com host"),
    ]) func aNameWithDotsStaysAsItIs(_ name: String, _ names: String) throws {
        let identity = Samples.identity(name)
        #expect(IdentityFiles.hosts(identity).text?.contains("192.168.200.2 \(names)\n") == true)
        #expect(try CloudConfig(defaultsFor: identity).userData["fqdn"]?.text == names.split(separator: " ").first.map(String.init))
    }
}
