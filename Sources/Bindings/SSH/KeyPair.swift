import Crypto
import Foundation
import _CryptoExtras

/// A private key and its public half, generated or read from a private key file.
package struct KeyPair: Sendable, Equatable {
    /// Unencrypted private key in OpenSSH format or PKCS#1 PEM. Keep it in files of mode 0600 only.
    package let privateText: String
    package let publicKey: PublicKey

    /// The line for `authorized_keys`, without a newline.
    package var publicLine: String { publicKey.line }
    /// `SHA256:…` of the public key.
    package var fingerprint: String { publicKey.fingerprint }

    /// Generates an ed25519 key in OpenSSH format: every guest since 2014 accepts it, and it is the only kind that works with both
    /// libssh2 1.10 and OpenSSH 8.8 or later.
    package static func ed25519(comment: String) throws(SSHError) -> KeyPair {
        let made = try OpenSSHKeyFormat.ed25519(Curve25519.Signing.PrivateKey(), comment: comment)
        return KeyPair(privateText: made.privateText, publicKey: made.publicKey)
    }

    /// Generates an RSA key in PKCS#1 PEM, for guests too old for ed25519 (EL 6). OpenSSH 8.8 and later refuse it, see `Session`.
    package static func rsa(bits: Int = 2048, comment: String) throws(SSHError) -> KeyPair {
        guard let key = try? _RSA.Signing.PrivateKey(keySize: .init(bitCount: bits)) else {
            throw SSHError(.malformed, "generating an RSA key of \(bits) bits failed: unsupported size")
        }
        return KeyPair(
            privateText: OpenSSHKeyFormat.armored("RSA PRIVATE KEY", Array(key.derRepresentation), width: 64),
            publicKey: try OpenSSHKeyFormat.rsaPublic(key.publicKey, comment: comment))
    }

    /// Parses a private key file without a passphrase: ed25519, ECDSA or RSA, in OpenSSH, PEM (PKCS#1, SEC 1) or PKCS#8 format.
    /// - Parameter path: the file's path, for the commands in errors.
    /// - Throws: `.malformed`, naming what the file is, what is accepted, and the command that converts it where there is one.
    package init(privateText text: String, comment: String = "", path: String? = nil) throws(SSHError) {
        (privateText, publicKey) = try PrivateKeyFile(path: path, comment: comment).parse(text)
    }

    private init(privateText: String, publicKey: PublicKey) {
        self.privateText = privateText
        self.publicKey = publicKey
    }
}

/// Writer of OpenSSH private key files (PROTOCOL.key of OpenSSH).
enum OpenSSHKeyFormat {
    static let magic = Array("openssh-key-v1\0".utf8)

    static func ed25519(_ key: Curve25519.Signing.PrivateKey, comment: String) throws(SSHError) -> (
        privateText: String, publicKey: PublicKey
    ) {
        let publicBytes = Array(key.publicKey.rawRepresentation)
        var blob = WireWriter()
        blob.string("ssh-ed25519")
        blob.string(publicBytes)
        var secret = WireWriter()
        secret.string("ssh-ed25519")
        secret.string(publicBytes)
        secret.string(Array(key.rawRepresentation) + publicBytes)
        return (file(blob, secret, comment), try PublicKey(blob: blob.bytes, comment: comment))
    }

    /// - Parameters:
    ///   - curve: its name in SSH, such as `nistp256`.
    ///   - point: uncompressed, as in X9.63.
    static func ecdsa(curve: String, point: [UInt8], scalar: [UInt8], comment: String) throws(SSHError) -> (
        privateText: String, publicKey: PublicKey
    ) {
        var blob = WireWriter()
        blob.string("ecdsa-sha2-" + curve)
        blob.string(curve)
        blob.string(point)
        var secret = blob
        secret.mpint(scalar)
        return (file(blob, secret, comment), try PublicKey(blob: blob.bytes, comment: comment))
    }

    static func rsaPublic(_ key: _RSA.Signing.PublicKey, comment: String) throws(SSHError) -> PublicKey {
        guard let numbers = try? key.getKeyPrimitives() else { throw SSHError(.malformed, "the RSA key has no readable numbers") }
        var blob = WireWriter()
        blob.string("ssh-rsa")
        blob.mpint(Array(numbers.publicExponent))
        blob.mpint(Array(numbers.modulus))
        return try PublicKey(blob: blob.bytes, comment: comment)
    }

    static func armored(_ label: String, _ bytes: [UInt8], width: Int) -> String {
        let base64 = Array(Data(bytes).base64EncodedString().utf8)
        var text = "-----BEGIN \(label)-----\n"
        for start in stride(from: 0, to: base64.count, by: width) {
            text += String(decoding: base64[start..<min(start + width, base64.count)], as: UTF8.self) + "\n"
        }
        return text + "-----END \(label)-----\n"
    }

    private static func file(_ blob: WireWriter, _ key: WireWriter, _ comment: String) -> String {
        var secret = WireWriter()
        // Equal check words prove a correct decryption; the unencrypted format has them too.
        let check = UInt32.random(in: 0 ... .max)
        secret.uint32(check)
        secret.uint32(check)
        secret.raw(key.bytes)
        secret.string(comment)
        var padding: UInt8 = 1
        while secret.bytes.count % 8 != 0 {
            secret.raw([padding])
            padding += 1
        }
        var file = WireWriter()
        file.raw(magic)
        file.string("none")
        file.string("none")
        file.string("")
        file.uint32(1)
        file.string(blob.bytes)
        file.string(secret.bytes)
        return armored("OPENSSH PRIVATE KEY", file.bytes, width: 70)
    }
}
