import AtollCommands
import AtollSSH
import AtollTestSupport
import Foundation
import Testing

@Suite struct KeyPairTests {
    private func sshKeygen(_ arguments: [String]) async throws -> String {
        try await Tool.run("ssh-keygen", arguments).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test(arguments: ["ed25519", "rsa"])
    func sshKeygenReadsWhatWeMake(_ kind: String) async throws {
        let key = try kind == "rsa" ? KeyPair.rsa(comment: "root@prefix") : KeyPair.ed25519(comment: "root@prefix")
        let workspace = try Workspace()
        let path = try workspace.write("id", key.privateText)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        let line = try await sshKeygen(["-y", "-f", path])
        #expect(try PublicKey(line: line) == key.publicKey)
        let listed = try await sshKeygen(["-l", "-f", try workspace.write("id.pub", key.publicLine + "\n")])
        #expect(listed.contains(key.fingerprint))
        #expect(listed.contains("root@prefix"))
    }

    @Test(arguments: [["-t", "ed25519"], ["-t", "rsa", "-b", "2048"], ["-t", "rsa", "-b", "2048", "-m", "PEM"], ["-t", "ecdsa"]])
    func weReadWhatSshKeygenMakes(_ kind: [String]) async throws {
        let workspace = try Workspace()
        try await Tool.run("ssh-keygen", ["-q", "-N", "", "-C", "me@here", "-f", workspace.path + "/id"] + kind)
        let key = try KeyPair(privateText: try String(contentsOfFile: workspace.path + "/id", encoding: .utf8))
        let line = try String(contentsOfFile: workspace.path + "/id.pub", encoding: .utf8)
        #expect(try PublicKey(line: line) == key.publicKey)
    }

    @Test func ourOwnFilesReadBackWithTheirComment() throws {
        let key = try KeyPair.ed25519(comment: "root@prefix")
        #expect(try KeyPair(privateText: key.privateText) == key)
    }

    @Test func aKeyWithAPassphraseIsRefusedWithTheWayOut() async throws {
        let workspace = try Workspace()
        try await Tool.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "secret", "-f", workspace.path + "/id"])
        let text = try String(contentsOfFile: workspace.path + "/id", encoding: .utf8)
        let error = #expect(throws: SSHError.self) { try KeyPair(privateText: text) }
        #expect(error?.code == .malformed)
        #expect(error?.message.contains("ssh-keygen -p") == true)
    }

    @Test(arguments: ["", "hello", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n", "-----BEGIN X-----\nAAAA\n-----END X-----\n"])
    func damagedFilesAreRefused(_ text: String) {
        #expect(throws: SSHError.self) { try KeyPair(privateText: text) }
    }

    @Test func everyTruncationOfAKeyIsRefusedOrTheSameKey() throws {
        let key = try KeyPair.ed25519(comment: "c")
        for length in 0..<key.privateText.count {
            let read = try? KeyPair(privateText: String(key.privateText.prefix(length)))
            #expect(read == nil || read?.publicKey == key.publicKey)
        }
    }
}
