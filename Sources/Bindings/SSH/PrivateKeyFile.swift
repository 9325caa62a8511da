import AtollCommands
import AtollPlatform
import Crypto
import Foundation
import _CryptoExtras

/// Parser of private key files: finds out the format, and names it in the error if the key is unusable.
struct PrivateKeyFile {
    /// Path for the commands in errors.
    let path: String?
    let comment: String

    /// What `KeyPair` accepts, for errors.
    static let accepted =
        "expected an ed25519, ECDSA (P-256, P-384, P-521) or RSA key without a passphrase, in OpenSSH, PEM or PKCS#8 format"

    /// The key in a form that libssh2 reads, and its public half.
    func parse(_ text: String) throws(SSHError) -> (privateText: String, publicKey: PublicKey) {
        guard let armored = try Armored.find(in: text) else { throw unarmored(text) }
        if armored.isEncrypted { throw hasPassphrase }
        switch armored.label {
        case "OPENSSH PRIVATE KEY":
            return (OpenSSHKeyFormat.armored("OPENSSH PRIVATE KEY", armored.bytes, width: 70), try openSSH(armored.bytes))
        case "RSA PRIVATE KEY": return try rsa(armored.bytes)
        case "EC PRIVATE KEY": return try ecdsa(armored.bytes)
        case "PRIVATE KEY": return try pkcs8(armored.bytes)
        case "DSA PRIVATE KEY": throw unsupported("a DSA key")
        default: throw notPrivate(armored.label)
        }
    }

    // MARK: formats

    private func openSSH(_ bytes: [UInt8]) throws(SSHError) -> PublicKey {
        var reader = WireReader(bytes)
        guard reader.take(OpenSSHKeyFormat.magic.count) == OpenSSHKeyFormat.magic, let cipher = reader.text(), reader.text() != nil,
            reader.string() != nil, let count = reader.uint32(), let blob = reader.string(), let secret = reader.string()
        else { throw damaged("an OpenSSH private key") }
        guard cipher == "none" else { throw hasPassphrase }
        guard count == 1 else { throw refused("an OpenSSH key file with \(count) keys, expected one") }
        var key = try PublicKey(blob: blob, comment: comment)
        guard Self.algorithms.contains(key.algorithm) else {
            if key.algorithm.hasPrefix("sk-") { throw unsupported("a \(key.algorithm) key, which needs its security token") }
            throw unsupported(key.algorithm == "ssh-dss" ? "a DSA key" : "a \(key.algorithm) key")
        }
        var fields = WireReader(secret)
        guard let first = fields.uint32(), let second = fields.uint32(), first == second, fields.text() == key.algorithm else {
            throw damaged("an OpenSSH private key")
        }
        // Only the fields of ed25519 are all strings of a known number.
        if comment.isEmpty, key.algorithm == "ssh-ed25519", fields.string() != nil, fields.string() != nil {
            key.comment = fields.text() ?? ""
        }
        return key
    }

    private static let algorithms = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"]

    private func rsa(_ bytes: [UInt8]) throws(SSHError) -> (privateText: String, publicKey: PublicKey) {
        guard let key = try? _RSA.Signing.PrivateKey(unsafeDERRepresentation: bytes) else { throw damaged("an RSA private key") }
        // PKCS#1, whatever came in.
        return (
            OpenSSHKeyFormat.armored("RSA PRIVATE KEY", Array(key.derRepresentation), width: 64),
            try OpenSSHKeyFormat.rsaPublic(key.publicKey, comment: comment)
        )
    }

    private func ecdsa(_ bytes: [UInt8]) throws(SSHError) -> (privateText: String, publicKey: PublicKey) {
        let (curve, point, scalar): (String, Data, Data)
        // swift-crypto does not compare the curve's identifier, so a key of another curve of the same size would pass.
        if bytes.contains(Self.p256), let key = try? P256.Signing.PrivateKey(derRepresentation: bytes) {
            (curve, point, scalar) = ("nistp256", key.publicKey.x963Representation, key.rawRepresentation)
        } else if bytes.contains(Self.p384), let key = try? P384.Signing.PrivateKey(derRepresentation: bytes) {
            (curve, point, scalar) = ("nistp384", key.publicKey.x963Representation, key.rawRepresentation)
        } else if bytes.contains(Self.p521), let key = try? P521.Signing.PrivateKey(derRepresentation: bytes) {
            (curve, point, scalar) = ("nistp521", key.publicKey.x963Representation, key.rawRepresentation)
        } else {
            throw unsupported("an ECDSA key that is damaged or of another curve than P-256, P-384 and P-521")
        }
        return try OpenSSHKeyFormat.ecdsa(curve: curve, point: Array(point), scalar: Array(scalar), comment: comment)
    }

    /// Object identifiers of the curves, in DER.
    private static let p256: [UInt8] = [6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7]
    private static let p384: [UInt8] = [6, 5, 0x2B, 0x81, 4, 0, 0x22]
    private static let p521: [UInt8] = [6, 5, 0x2B, 0x81, 4, 0, 0x23]

    /// PrivateKeyInfo of RFC 5208: version, algorithm identifier, key.
    private func pkcs8(_ bytes: [UInt8]) throws(SSHError) -> (privateText: String, publicKey: PublicKey) {
        var outer = DERReader(bytes)
        guard var info = outer.element(0x30).map(DERReader.init), info.element(0x02) != nil,
            var algorithm = info.element(0x30).map(DERReader.init), let identifier = algorithm.element(0x06),
            let secret = info.element(0x04)
        else { throw damaged("a PKCS#8 private key") }
        switch identifier {
        case [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1]: return try rsa(bytes)
        case [0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1]: return try ecdsa(bytes)
        case [0x2B, 0x65, 0x70]:
            var inner = DERReader(secret)
            guard let seed = inner.element(0x04), let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else {
                throw damaged("a PKCS#8 ed25519 private key")
            }
            return try OpenSSHKeyFormat.ed25519(key, comment: comment)
        case [0x2A, 0x86, 0x48, 0xCE, 0x38, 4, 1]: throw unsupported("a DSA key")
        case [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 10]: throw unsupported("an RSA-PSS key")
        case [0x2B, 0x65, 0x71]: throw unsupported("an Ed448 key")
        case [0x2B, 0x65, 0x6E], [0x2B, 0x65, 0x6F]: throw unsupported("an X25519 or X448 key, which cannot sign")
        default: throw unsupported("a PKCS#8 key of an unknown algorithm")
        }
    }

    // MARK: what is not accepted

    private func unarmored(_ text: String) -> SSHError {
        let first = text.split(whereSeparator: \.isNewline).first { !$0.allSatisfy(\.isWhitespace) }.map(String.init) ?? ""
        if first.isEmpty { return refused("an empty file") }
        if first.hasPrefix("PuTTY-User-Key-File-") {
            return refused(
                "a PuTTY key", "convert it: \(ShellWord.joined(["puttygen", place, "-O", "private-openssh", "-o", "id_converted"]))")
        }
        if first.hasPrefix("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY") { return unsupported("a key of the SSH Tectia (ssh.com) format") }
        if first.hasPrefix("---- BEGIN SSH2 PUBLIC KEY") { return publicOnly }
        let words = first.split(whereSeparator: \.isWhitespace)
        if words.contains(where: { $0.contains("-cert-v0") }) {
            return refused("an SSH certificate", "name the private key that it belongs to")
        }
        if words.prefix(4).contains(where: { word in ["ssh-", "ecdsa-sha2-", "sk-"].contains { word.hasPrefix($0) } }) {
            return publicOnly
        }
        if text.hasPrefix("SSH PRIVATE KEY FILE FORMAT 1") { return unsupported("an SSH protocol 1 key") }
        if text.unicodeScalars.contains(where: { $0 == "\u{FFFD}" || $0.value == 0 }) {
            return refused(
                "binary data",
                "convert a DER key: \(ShellWord.joined(["openssl", "pkey", "-inform", "DER", "-in", place, "-out", "id_converted"]))")
        }
        return refused("not a private key file")
    }

    private func notPrivate(_ label: String) -> SSHError {
        if label.hasSuffix("PUBLIC KEY") { return publicOnly }
        if label.hasPrefix("PGP ") { return refused("a PGP file") }
        if label.contains("CERTIFICATE") { return refused("an X.509 certificate or request", "name the private key that it belongs to") }
        return refused("a PEM file of the unknown type '\(label)'")
    }

    private var publicOnly: SSHError {
        let name = path.flatMap { $0.hasSuffix(".pub") ? String($0.dropLast(4)) : nil }
        return refused("a public key", "name the private key\(name.map { ", for example: \(ShellWord.quoted($0))" } ?? "")")
    }

    private var hasPassphrase: SSHError {
        refused(
            "a private key with a passphrase",
            "use a copy without one: \(ShellWord.joined(["cp", place, "id_copy"])) && ssh-keygen -p -N '' -f id_copy")
    }

    private func damaged(_ what: String) -> SSHError { refused("\(what) that is damaged") }

    private func unsupported(_ what: String) -> SSHError {
        refused("\(what), unsupported", "make a new key: ssh-keygen -t ed25519 -f id_new")
    }

    private func refused(_ what: String, _ step: String? = nil) -> SSHError {
        SSHError(.malformed, "it is \(what); \(Self.accepted)" + (step.map { "; \($0)" } ?? ""))
    }

    private var place: String { path ?? "KEY" }
}

/// The block between `-----BEGIN X-----` and `-----END X-----`.
private struct Armored {
    var label: String
    var bytes: [UInt8]
    /// Old PEM says so in a header line, PKCS#8 in its label.
    var isEncrypted: Bool

    /// The first private key of a file, or its first block of any kind, or nil without a block.
    static func find(in text: String) throws(SSHError) -> Armored? {
        let lines = text.split(whereSeparator: \.isNewline).map { line in
            line.trimmingCharacters(in: .whitespaces.union(CharacterSet(charactersIn: "\u{FEFF}")))
        }
        let starts = lines.indices.filter { lines[$0].hasPrefix("-----BEGIN ") && lines[$0].hasSuffix("-----") }
        guard let start = starts.first(where: { lines[$0].hasSuffix("PRIVATE KEY-----") }) ?? starts.first else { return nil }
        let label = String(lines[start].dropFirst(11).dropLast(5))
        guard label.hasSuffix("PRIVATE KEY") else { return Armored(label: label, bytes: [], isEncrypted: false) }
        guard let end = lines[start...].firstIndex(of: "-----END \(label)-----") else {
            throw SSHError(.malformed, "it is a truncated private key file: the END line is missing; copy the whole file")
        }
        let headers = lines[(start + 1)..<end].filter { $0.contains(":") }
        let isEncrypted = label == "ENCRYPTED PRIVATE KEY" || headers.contains { $0.hasPrefix("Proc-Type:") && $0.contains("ENCRYPTED") }
        let body = lines[(start + 1)..<end].filter { !$0.contains(":") }.joined()
        guard let data = Data(base64Encoded: body) else {
            throw SSHError(.malformed, "it is a private key file that is damaged: its text is not base64; copy the file again")
        }
        return Armored(label: label, bytes: Array(data), isEncrypted: isEncrypted)
    }
}

/// Reads DER elements one after another; nil at a malformed place.
private struct DERReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    /// The content of the next element, or nil if it has another tag.
    mutating func element(_ tag: UInt8) -> [UInt8]? {
        guard rest.first == tag, let short = rest.dropFirst().first else { return nil }
        var content = rest.dropFirst(2)
        var length = Int(short)
        if short >= 0x80 {
            let count = Int(short & 0x7F)
            guard (1...4).contains(count), content.count >= count else { return nil }
            length = content.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            content = content.dropFirst(count)
        }
        guard content.count >= length else { return nil }
        rest = content.dropFirst(length)
        return Array(content.prefix(length))
    }
}
