import AtollCommands
import AtollPlatform
import AtollSSH
import AtollTestSupport
import Crypto
import Foundation
import Glibc
import Testing

/// known_hosts files as OpenSSH reads them: the expected verdict of each row holds for `ssh-keygen -F` or a real `ssh`, too.
// Serialized: each row runs ssh, and libguestfs in other suites aborts a process with more than 1,024 open files.
@Suite(.serialized) struct KnownHostsGrammarTests {
    enum Expected: String, Sendable { case match, mismatch, revoked, unknown }

    /// `K` is the server's key, `O` another ed25519 key, `R` an RSA key, `P` the port; `H(NAME)` is a hashed name.
    struct Row: Sendable, CustomTestStringConvertible {
        var text: String
        var expected: Expected
        var host = "127.0.0.1"
        init(_ text: String, _ expected: Expected, host: String = "127.0.0.1") {
            (self.text, self.expected, self.host) = (text, expected, host)
        }
        var testDescription: String { text }
    }

    static let rows = [
        Row("", .unknown), Row("# [127.0.0.1]:P K\n\n  \t\n", .unknown), Row("[127.0.0.1]:P K", .match),
        Row(" \t[127.0.0.1]:P\t K comment # more", .match), Row("[127.0.0.1]:P O", .mismatch), Row("[127.0.0.1]:P R", .mismatch),
        Row("[127.0.0.1]:P R\n[127.0.0.1]:P O\n[127.0.0.1]:P K", .match), Row("[127.0.0.1]:22 K", .unknown),
        // Patterns and lists.
        Row("[127.0.0.*]:P K", .match), Row("* K", .match), Row("[127.0.0.?]:P K", .match), Row("[127.0.0.??]:P K", .unknown),
        Row("[127.*]:* K", .match), Row("other,[127.0.0.1]:P,third K", .match), Row(",,[127.0.0.1]:P K", .match),
        Row("*,![127.0.0.1]:P K", .match), Row("*,![127.0.0.*]:*,!127.0.0.1 K", .unknown), Row("!other K", .unknown),
        Row("![127.0.0.1]:P,* K\n*,!127.0.0.1 O", .mismatch), Row("other, [127.0.0.1]:P K", .unknown),
        Row("[127.0.0.1]:P* K", .match), Row("[127.0.0.[0-9]]:P K", .unknown),
        // The name without a port confirms a key, and does nothing else.
        Row("127.0.0.1 K", .match), Row("127.0.0.1 O", .unknown), Row("[127.0.0.1]:P O\n127.0.0.1 K", .mismatch),
        Row("127.0.0.* K", .match), Row("H(127.0.0.1) K", .match), Row("127.0.0.1 K\n@revoked 127.0.0.1 K", .revoked),
        Row("[127.0.0.1]:P K\n@revoked 127.0.0.1 K", .match),
        // Hashed names.
        Row("H([127.0.0.1]:P) K", .match), Row("H([127.0.0.1]:P) O", .mismatch), Row("H([127.0.0.2]:P) K", .unknown),
        Row("H([127.0.0.1]:P),other K", .unknown), Row("|1|nonsense K\n|2|a|b K", .unknown),
        // Revoked, wherever the line is and however it names the host.
        Row("@revoked [127.0.0.1]:P K\n[127.0.0.1]:P K", .revoked), Row("[127.0.0.1]:P K\n@revoked [127.0.0.1]:P K", .revoked),
        Row("[127.0.0.1]:P K\n@revoked * K", .revoked), Row("[127.0.0.1]:P K\n@revoked H([127.0.0.1]:P) K", .revoked),
        Row("[127.0.0.1]:P K\n@revoked \t[127.*]:*  K why", .revoked), Row("[127.0.0.1]:P O\n@revoked * K", .revoked),
        Row("@revoked * K", .revoked), Row("[127.0.0.1]:P K\n@revoked * O", .match), Row("[127.0.0.1]:P K\n@revoked other K", .match),
        Row("[127.0.0.1]:P K\n@revoked *,![127.0.0.1]:P K", .match), Row("@cert-authority * O\n@revoked * K", .revoked),
        // Certificate authorities do not stand for plain keys.
        Row("@cert-authority [127.0.0.1]:P K", .unknown), Row("@cert-authority * O", .unknown), Row("@cert-authority * O\n* K", .match),
        Row("@cert-authority [127.0.0.1]:P O\n127.0.0.1 K", .match),
        // Lines that are skipped.
        Row("@REVOKED * K\n* K", .match), Row("@revoked @cert-authority * K\n* K", .match), Row("@unknown * K", .unknown),
        Row("@revoked\n* K", .match), Row("*\n* ssh-ed25519\n* ssh-ed25519 AAAA\n* ssh-nothing AAAA\n* # K", .unknown),
        Row("* 2048 35 1234567\n* K", .match), Row("* ssh-rsa BASE(K)", .unknown), Row("* ed25519 BASE(K)", .unknown),
        Row("* ssh-ed25519 CUT(K)", .unknown), Row("[127.0.0.1]:P K CR\n", .match), Row("* K \u{2028}x", .match),
        Row("# \u{2028}* K", .unknown),
        // Names are compared without case; ssh sends them in lower case.
        Row("[LocalHost]:P K", .match, host: "LOCALHOST"), Row("[LOCAL*]:P K", .match, host: "localhost"),
        Row("*,![LOCALHOST]:P,!localhost K", .unknown, host: "localhost"), Row("H([localhost]:P) K", .match, host: "LocalHost"),
        Row("H([LOCALHOST]:P) K", .unknown, host: "LOCALHOST"),
    ]

    private static let others = Task { (try KeyPair.ed25519(comment: ""), try KeyPair.rsa(comment: "")) }

    @Test(arguments: rows) func theVerdictIsThatOfSSH(_ row: Row) async throws {
        let server = try await TestServer.shared()
        let (other, rsa) = try await Self.others.value
        let space = try Workspace("known-hosts")
        let text = Self.text(row.text, server, other: other.publicKey, rsa: rsa.publicKey)
        let verdict = KnownHosts(parsing: text).check(server.hostKey.publicKey, host: row.host, port: server.endpoint.port)
        #expect(Self.class(verdict) == row.expected, "\(verdict)")

        let file = try space.write("known", text)
        let key = try space.write("id", server.userKey.privateText)
        #expect(chmod(key, 0o600) == 0)
        let options = [
            "BatchMode=yes", "StrictHostKeyChecking=yes", "GlobalKnownHostsFile=/dev/null", "UserKnownHostsFile=\(file)",
            "IdentitiesOnly=yes",
            "AddressFamily=inet", "UpdateHostKeys=no",
        ]
        let ssh = try await Tool.output(
            "ssh",
            ["-F", "none", "-p", "\(server.endpoint.port)", "-i", key, "-l", TestServer.user] + options.flatMap { ["-o", $0] }
                + [row.host, "true"])
        #expect(Self.class(ssh) == row.expected, "\(ssh.standardError)")
    }

    /// Port 22, where no test can have a server: the lines that `ssh-keygen -F` finds.
    @Test(arguments: [
        "vm-a K", "VM-A K", "vm-? K", "*,!vm-a K", "vm-b,vm-a K", "[vm-a]:22 K", "[vm-a]:2222 K", "H(vm-a) K", "H(vm-b) K", "# vm-a K",
        "@revoked vm-* K", "@cert-authority *-a K", "@other vm-a K", "!vm-b,vm-* K", "vm-a,!VM-A K", "vm-a* K", "v*m*-*a K",
        "vm-a ssh-rsa x",
    ]) func theLinesFoundAreThoseOfSSHKeygen(_ line: String) async throws {
        let server = try await TestServer.shared()
        let (other, rsa) = try await Self.others.value
        let space = try Workspace("known-hosts")
        let text = Self.text(line, server, other: other.publicKey, rsa: rsa.publicKey)
        let known = KnownHosts(parsing: text).entries.contains { $0.hosts.match("vm-a") }
        let found = try await Tool.output("ssh-keygen", ["-F", "vm-a", "-f", try space.write("known", text)])
        #expect(known == found.standardOutput.contains(server.hostKey.publicKey.base64), "\(found)")
    }

    @Test func aTabAfterTheMarkerStillRevokes() throws {
        let key = try KeyPair.ed25519(comment: "").publicKey
        #expect(Self.class(KnownHosts(parsing: "* \(key.line)\n@revoked\t* \(key.line)").check(key, host: "a")) == .revoked)
    }

    @Test func aCertificateAuthorityAloneHasItsOwnVerdict() async throws {
        let key = try KeyPair.ed25519(comment: "").publicKey
        let hosts = KnownHosts(parsing: "@cert-authority *.lab,[*.lab]:22 \(key.line)\n", path: "/home/me/.ssh/known_hosts")
        guard case .certificateAuthorityOnly(let entry) = hosts.check(key, host: "a.lab", port: 22) else {
            Issue.record("\(hosts.check(key, host: "a.lab"))")
            return
        }
        #expect(entry.place == "/home/me/.ssh/known_hosts:1")
        #expect(hosts.check(key, host: "a.other") == .unknown)
    }

    @Test(arguments: [
        ("", SSHError.Code.hostKeyUnknown, "no host key is known for"),
        ("[127.0.0.1]:P O", .hostKeyMismatch, "changed"), ("@revoked * K\n* K", .hostKeyRevoked, "is revoked ('/kept/known:1')"),
        ("@cert-authority * O", .hostKeyUnknown, "only a certificate authority ('/kept/known:1'), and host certificates are unsupported"),
    ]) func aRefusalSaysItsReason(_ text: String, _ code: SSHError.Code, _ words: String) async throws {
        let server = try await TestServer.shared()
        let (other, rsa) = try await Self.others.value
        let file = Self.text(text, server, other: other.publicKey, rsa: rsa.publicKey)
        let error = await #expect(throws: SSHError.self) {
            try await server.connect(hostKeys: .known(KnownHosts(parsing: file, path: "/kept/known")))
        }
        #expect(error?.code == code && error?.message.contains(words) == true, "\(error as Any)")
        #expect(error?.message.contains(server.hostKey.fingerprint) == true)
    }

    private static func `class`(_ verdict: KnownHosts.Verdict) -> Expected {
        switch verdict {
        case .match: .match
        case .mismatch: .mismatch
        case .revoked: .revoked
        case .unknown, .certificateAuthorityOnly: .unknown
        }
    }

    private static func `class`(_ ssh: Tool.Output) -> Expected? {
        if ssh.status == 0 { return .match }
        if ssh.standardError.contains("REVOKED") { return .revoked }
        if ssh.standardError.contains("IDENTIFICATION HAS CHANGED") { return .mismatch }
        return ssh.standardError.contains("host key is known for") ? .unknown : nil
    }

    private static func hash(_ name: String) -> String {
        let salt = (0..<20).map { _ in UInt8.random(in: 0...255) }
        let code = HMAC<Insecure.SHA1>.authenticationCode(for: Data(name.utf8), using: SymmetricKey(data: salt))
        return "|1|\(Data(salt).base64EncodedString())|\(Data(code).base64EncodedString())"
    }

    private static func text(_ row: String, _ server: TestServer, other: PublicKey, rsa: PublicKey) -> String {
        let key = server.hostKey.publicKey
        let bare = { (key: PublicKey) in "\(key.algorithm) \(key.base64)" }
        var text = row
        for (name, value) in [
            ("BASE(K)", key.base64), ("CUT(K)", String(Data(key.blob.dropLast(4)).base64EncodedString())),
        ] { text = text.replacingOccurrences(of: name, with: value) }
        // Whole words, so that no letter of a key or a name is taken for one.
        text = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.split(separator: " ", omittingEmptySubsequences: false).map { word in
                let keys = ["K": key, "O": other, "R": rsa]
                if let named = keys[word.trimmingCharacters(in: ["\r"])] { return bare(named) + word.dropFirst() }
                return String(word).replacingOccurrences(of: "]:P", with: "]:\(server.endpoint.port)")
            }.joined(separator: " ")
        }.joined(separator: "\n")
        while let open = text.range(of: "H("), let close = text[open.upperBound...].firstIndex(of: ")") {
            let name = String(text[open.upperBound..<close])
            text.replaceSubrange(open.lowerBound...close, with: hash(name))
        }
        return text.replacingOccurrences(of: " CR", with: "\r")
    }
}
