import AtollCommands
import AtollPlatform
import AtollSSH
import AtollTestSupport
import Foundation
import Glibc
import Testing

/// Private key files of every kind that users have: each is usable, or refused by its name.
@Suite(.serialized) struct KeyFileTests {
    private let space: Workspace
    init() throws { space = try Workspace("key-files") }

    private func path(_ name: String) -> String { space.path + "/" + name }
    private func text(_ name: String) throws -> String { try AtomicFile.text(path(name)) }

    /// Runs `PROGRAM ARGUMENT…` in the workspace, where `@NAME` is a file of it.
    private func run(_ line: String) async throws {
        var words = line.split(separator: " ").map { $0.hasPrefix("@") ? path(String($0.dropFirst())) : String($0) }.map {
            $0 == "''" ? "" : $0
        }
        let program = words.removeFirst()
        try await Tool.run(program, words)
    }

    @Test(arguments: [
        "ssh-keygen -q -N '' -t ed25519 -f @id",
        "ssh-keygen -q -N '' -t ecdsa -b 256 -f @id", "ssh-keygen -q -N '' -t ecdsa -b 384 -f @id",
        "ssh-keygen -q -N '' -t ecdsa -b 521 -f @id",
        "ssh-keygen -q -N '' -t ecdsa -b 256 -m PEM -f @id", "ssh-keygen -q -N '' -t ecdsa -b 384 -m PKCS8 -f @id",
        "ssh-keygen -q -N '' -t ecdsa -b 521 -m PKCS8 -f @id",
        "ssh-keygen -q -N '' -t rsa -b 2048 -m PEM -f @id", "ssh-keygen -q -N '' -t rsa -b 2048 -m PKCS8 -f @id",
        "openssl genpkey -algorithm ed25519 -out @id",
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out @id",
        // A block of parameters comes first.
        "openssl ecparam -name prime256v1 -genkey -out @id",
        "openssl genrsa -traditional -out @id 2048",
    ]) func aUsableKeyLogsIn(_ command: String) async throws {
        try await run(command)
        #expect(chmod(path("id"), 0o600) == 0)
        let written = try text("id")
        for text in [written, "\u{FEFF}" + written.replacingOccurrences(of: "\n", with: "\r\n")] {
            let key = try KeyPair(privateText: text)
            // What ssh-keygen derives from the file, and from ours.
            for file in [path("id"), try space.write("ours", key.privateText.replacingOccurrences(of: "\u{FEFF}", with: ""))] {
                #expect(chmod(file, 0o600) == 0)
                let isEd25519PKCS8 = written.contains("BEGIN PRIVATE KEY") && key.publicKey.algorithm == "ssh-ed25519"
                if file == path("id"), isEd25519PKCS8 { continue }
                let line = try await Tool.run("ssh-keygen", ["-y", "-f", file])
                #expect(try PublicKey(line: line) == key.publicKey)
            }
        }
        let key = try KeyPair(privateText: written)
        let server = try await TestServer(.openSSH, userKey: key, options: ["PubkeyAcceptedAlgorithms +ssh-rsa"])
        let session = try await server.connect()
        #expect(try await session.capture("echo in").output == Array("in\n".utf8))
        await session.close()
    }

    @Test(arguments: [
        ("ssh-keygen -q -N secret -t ed25519 -f @id", "with a passphrase", "ssh-keygen -p -N '' -f id_copy"),
        ("ssh-keygen -q -N secret -t rsa -b 2048 -m PEM -f @id", "with a passphrase", "ssh-keygen -p"),
        ("ssh-keygen -q -N secret -t ecdsa -m PKCS8 -f @id", "with a passphrase", "ssh-keygen -p"),
        ("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out @id", "ECDSA key", "P-256, P-384 and P-521"),
        ("openssl genpkey -algorithm ed448 -out @id", "Ed448", "ssh-keygen -t ed25519"),
        ("openssl genpkey -algorithm x25519 -out @id", "X25519", "cannot sign"),
        ("openssl genpkey -algorithm rsa-pss -out @id", "RSA-PSS", "ssh-keygen -t ed25519"),
        ("ssh-keygen -q -N '' -t dsa -f @id", "a DSA key", "ssh-keygen -t ed25519"),
        ("ssh-keygen -q -N '' -t dsa -m PEM -f @id", "a DSA key", "unsupported"),
        ("ssh-keygen -q -N '' -t dsa -m PKCS8 -f @id", "a DSA key", "unsupported"),
    ]) func anUnusableKeyIsNamed(_ command: String, _ what: String, _ step: String) async throws {
        try await run(command)
        expectRefusal(try text("id"), what, step)
    }

    @Test func everyFormWithoutItsPassphraseIsUsable() async throws {
        for (name, form) in [("a", "OpenSSH"), ("b", "PEM"), ("c", "PKCS8")] {
            let format = form == "OpenSSH" ? [] : ["-m", form]
            try await Tool.run("ssh-keygen", ["-q", "-N", "secret", "-t", "ecdsa", "-f", path(name)] + format)
            // The advised command, with the passphrase that it asks for.
            try await Tool.run("ssh-keygen", ["-p", "-P", "secret", "-N", "", "-f", path(name)])
            #expect(try KeyPair(privateText: try text(name)).publicKey == PublicKey(line: try text(name + ".pub")))
        }
    }

    @Test func whatIsNotAPrivateKeyIsNamed() async throws {
        try await run("ssh-keygen -q -N '' -t ed25519 -f @id")
        try await run("ssh-keygen -q -N '' -t ed25519 -f @ca")
        try await run("ssh-keygen -q -s @ca -I me -n root @id.pub")
        try await run("openssl req -x509 -newkey ed25519 -nodes -subj /CN=x -keyout @tls -out @tls.crt")
        try await run("openssl pkey -in @tls -pubout -out @tls.pub")
        try await run("openssl pkey -in @tls -outform DER -out @tls.der")
        let publicLine = try text("id.pub")
        let tectia = try await Tool.run("ssh-keygen", ["-e", "-f", path("id.pub")])
        for (content, what, step) in [
            (publicLine, "a public key", "name the private key"), ("host,1.2.3.4 " + publicLine, "a public key", "name"),
            (tectia, "a public key", "name"), (try text("tls.pub"), "a public key", "name"),
            (try text("id-cert.pub"), "an SSH certificate", "name"), (try text("tls.crt"), "an X.509 certificate", "name"),
            ("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n", "a PuTTY key", "puttygen KEY -O private-openssh -o id_converted"),
            ("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\n", "ssh.com", "ssh-keygen -t ed25519"),
            ("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAA==\n-----END PGP PRIVATE KEY BLOCK-----\n", "PGP", "expected"),
            ("", "an empty file", "expected"), (" \n\n", "an empty file", "expected"), ("hello\n", "not a private key file", "expected"),
            (String(decoding: try AtomicFile.read(path("tls.der")), as: UTF8.self), "binary data", "openssl pkey -inform DER -in KEY"),
            ("-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----\n", "not base64", "copy"),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "PKCS#8 private key that is damaged", "expected"),
            ("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", "RSA private key that is damaged", "expected"),
            ("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", "ECDSA key that is damaged", "ssh-keygen"),
            (
                "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", "OpenSSH private key that is damaged",
                "expected"
            ),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n", "truncated", "END"), ("-----BEGIN X-----\nAAAA\n-----END X-----\n", "'X'", "expected"),
        ] { expectRefusal(content, what, step) }
        // The advised command for DER.
        try await run("openssl pkey -inform DER -in @tls.der -out @converted")
        _ = try KeyPair(privateText: try text("converted"))
    }

    @Test func commandsNameTheFile() throws {
        let error = #expect(throws: SSHError.self) {
            try KeyPair(privateText: "PuTTY-User-Key-File-2: x\n", path: "/home/me/my keys/a.ppk")
        }
        #expect(error?.message.contains("puttygen '/home/me/my keys/a.ppk' -O private-openssh") == true)
        let other = #expect(throws: SSHError.self) { try KeyPair(privateText: "ssh-rsa AAAA\n", path: "/home/me/id_rsa.pub") }
        #expect(other?.message.contains("for example: /home/me/id_rsa") == true)
    }

    private func expectRefusal(_ content: String, _ what: String, _ step: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let error = #expect(throws: SSHError.self, sourceLocation: sourceLocation) { try KeyPair(privateText: content) }
        let message = error?.description ?? ""
        #expect(error?.code == .malformed && message.contains(what) && message.contains(step), "\(message)", sourceLocation: sourceLocation)
        #expect(!message.contains("Error(") && !message.contains("underlying"), "\(message)", sourceLocation: sourceLocation)
    }
}
