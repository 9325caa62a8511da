import Crypto
import Foundation
import _CryptoExtras

/// A private key and its public half, made here or read from a private key file.
package struct KeyPair: Sendable, Equatable {
    /// The private key file's text: unencrypted PEM. Keep it in files of mode 0600 only.
    package let privateText: String
    package let publicKey: PublicKey

    /// The line for `authorized_keys`, without a newline.
    package var publicLine: String { publicKey.line }
    /// `SHA256:…` of the public key.
    package var fingerprint: String { publicKey.fingerprint }

    /// A new ed25519 key in OpenSSH's own format: what every guest since 2014 accepts, and the only kind that works with both
    /// libssh2 1.10 and OpenSSH 8.8 or later.
    package static func ed25519(comment: String) throws(SSHError) -> KeyPair {
        let key = Curve25519.Signing.PrivateKey()
        let publicBytes = Array(key.publicKey.rawRepresentation)
        var blob = WireWriter()
        blob.string("ssh-ed25519")
        blob.string(publicBytes)
        var secret = WireWriter()
        // Equal check words tell a reader that decryption worked; the format has them without encryption too.
        let check = UInt32.random(in: 0 ... .max)
        secret.uint32(check)
        secret.uint32(check)
        secret.string("ssh-ed25519")
        secret.string(publicBytes)
        secret.string(Array(key.rawRepresentation) + publicBytes)
        secret.string(comment)
        var padding: UInt8 = 1
        while secret.bytes.count % 8 != 0 {
            secret.raw([padding])
            padding += 1
        }
        var file = WireWriter()
        file.raw(openSSHMagic)
        file.string("none")
        file.string("none")
        file.string("")
        file.uint32(1)
        file.string(blob.bytes)
        file.string(secret.bytes)
        return KeyPair(
            privateText: armour("OPENSSH PRIVATE KEY", file.bytes, width: 70), publicKey: try PublicKey(blob: blob.bytes, comment: comment))
    }

    /// A new RSA key in PKCS#1 PEM, for guests too old for ed25519 (EL 6). OpenSSH 8.8 and later refuse it, see `Session`.
    package static func rsa(bits: Int = 2048, comment: String) throws(SSHError) -> KeyPair {
        do {
            let key = try _RSA.Signing.PrivateKey(keySize: .init(bitCount: bits))
            return KeyPair(
                privateText: armour("RSA PRIVATE KEY", Array(key.derRepresentation), width: 64),
                publicKey: try rsaPublic(key.publicKey, comment: comment))
        } catch {
            throw (error as? SSHError) ?? SSHError(.malformed, "cannot make an RSA key of \(bits) bits", cause: "\(error)")
        }
    }

    /// Reads a private key file: unencrypted OpenSSH format of any algorithm, or PEM RSA (PKCS#1 or PKCS#8).
    /// - Throws: `.malformed`, saying what is wrong with it; an encrypted key is refused with the command that decrypts a copy.
    package init(privateText text: String, comment: String = "") throws(SSHError) {
        let armoured = try Armoured(text)
        privateText = text.hasSuffix("\n") ? text : text + "\n"
        switch armoured.label {
        case "OPENSSH PRIVATE KEY":
            publicKey = try KeyPair.publicHalf(ofOpenSSH: armoured.bytes, comment: comment)
        case "RSA PRIVATE KEY", "PRIVATE KEY":
            if text.contains("ENCRYPTED") { throw KeyPair.encrypted }
            do {
                publicKey = try KeyPair.rsaPublic(
                    try _RSA.Signing.PrivateKey(unsafeDERRepresentation: armoured.bytes).publicKey, comment: comment)
            } catch {
                throw (error as? SSHError) ?? SSHError(.malformed, "the private key is not a readable RSA key", cause: "\(error)")
            }
        case "ENCRYPTED PRIVATE KEY": throw KeyPair.encrypted
        default:
            throw SSHError(
                .malformed, "a private key of kind \"\(armoured.label)\" is not supported; use ssh-keygen -t ed25519 to make one")
        }
    }

    private init(privateText: String, publicKey: PublicKey) {
        self.privateText = privateText
        self.publicKey = publicKey
    }
}

extension KeyPair {
    fileprivate static let openSSHMagic = Array("openssh-key-v1\0".utf8)

    fileprivate static let encrypted = SSHError(
        .malformed, "the private key has a passphrase; use a copy without one (ssh-keygen -p -N '' -f COPY)")

    /// The head of the OpenSSH format carries the public key in clear, whatever the algorithm.
    fileprivate static func publicHalf(ofOpenSSH bytes: [UInt8], comment: String) throws(SSHError) -> PublicKey {
        var reader = WireReader(bytes)
        guard reader.take(openSSHMagic.count) == openSSHMagic, let cipher = reader.text(), reader.text() != nil, reader.string() != nil,
            let count = reader.uint32(), let blob = reader.string(), let secret = reader.string()
        else { throw SSHError(.malformed, "the OpenSSH private key is damaged") }
        guard cipher == "none" else { throw encrypted }
        guard count == 1 else { throw SSHError(.malformed, "the private key file holds \(count) keys, one is expected") }
        var key = try PublicKey(blob: blob, comment: comment)
        if comment.isEmpty { key.comment = storedComment(secret, of: key) ?? "" }
        return key
    }

    /// The comment inside the private part; only for ed25519, whose fields are all strings of known number.
    private static func storedComment(_ secret: [UInt8], of key: PublicKey) -> String? {
        var reader = WireReader(secret)
        guard key.algorithm == "ssh-ed25519", reader.take(8) != nil, reader.text() == key.algorithm else { return nil }
        guard reader.string() != nil, reader.string() != nil else { return nil }
        return reader.text()
    }

    fileprivate static func rsaPublic(_ key: _RSA.Signing.PublicKey, comment: String) throws(SSHError) -> PublicKey {
        guard let numbers = try? key.getKeyPrimitives() else { throw SSHError(.malformed, "the RSA key has no readable numbers") }
        var blob = WireWriter()
        blob.string("ssh-rsa")
        blob.mpint(Array(numbers.publicExponent))
        blob.mpint(Array(numbers.modulus))
        return try PublicKey(blob: blob.bytes, comment: comment)
    }

    fileprivate static func armour(_ label: String, _ bytes: [UInt8], width: Int) -> String {
        let base64 = Array(Data(bytes).base64EncodedString().utf8)
        var text = "-----BEGIN \(label)-----\n"
        for start in stride(from: 0, to: base64.count, by: width) {
            text += String(decoding: base64[start..<min(start + width, base64.count)], as: UTF8.self) + "\n"
        }
        return text + "-----END \(label)-----\n"
    }
}

/// What stands between `-----BEGIN X-----` and `-----END X-----`.
private struct Armoured {
    var label: String
    var bytes: [UInt8]

    init(_ text: String) throws(SSHError) {
        let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
        guard let first = lines.firstIndex(where: { $0.hasPrefix("-----BEGIN ") && $0.hasSuffix("-----") }) else {
            throw SSHError(.malformed, "this is not a private key file: it has no -----BEGIN line")
        }
        label = String(lines[first].dropFirst(11).dropLast(5))
        guard let last = lines[first...].firstIndex(of: "-----END \(label)-----") else {
            throw SSHError(.malformed, "the private key file is cut short: it has no -----END line")
        }
        // Header lines of old encrypted PEM ("Proc-Type: …") are no base64.
        let body = lines[(first + 1)..<last].filter { !$0.contains(":") }.joined()
        guard let data = Data(base64Encoded: body) else { throw SSHError(.malformed, "the private key file is damaged: it is not base64") }
        bytes = Array(data)
    }
}
