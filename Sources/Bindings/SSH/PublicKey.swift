import Crypto
import Foundation

/// A public key as OpenSSH writes it: `ssh-ed25519 AAAA… comment`.
package struct PublicKey: Sendable, Hashable {
    /// Algorithm name inside the key, such as `ssh-ed25519` or `ssh-rsa`.
    package let algorithm: String
    /// The key in SSH wire format.
    package let blob: [UInt8]
    /// Free text after the key; never part of a comparison.
    package var comment: String

    /// - Throws: `.malformed` when `blob` does not start with an algorithm name.
    package init(blob: [UInt8], comment: String = "") throws(SSHError) {
        var reader = WireReader(blob)
        guard let name = reader.text(), !name.isEmpty, !reader.isAtEnd, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw SSHError(.malformed, "this is not an SSH public key")
        }
        algorithm = name
        self.blob = blob
        self.comment = comment
    }

    /// Reads one line of an `authorized_keys` or `.pub` file (without options before the key).
    package init(line: String) throws(SSHError) {
        let fields = line.split(maxSplits: 2, whereSeparator: \.isWhitespace)
        guard fields.count >= 2, let data = Data(base64Encoded: String(fields[1])) else {
            throw SSHError(.malformed, "this is not an SSH public key line: \(line.prefix(60))")
        }
        try self.init(blob: Array(data), comment: fields.count > 2 ? fields[2].trimmingCharacters(in: .whitespacesAndNewlines) : "")
        guard algorithm == fields[0] else {
            throw SSHError(.malformed, "a public key line says \(fields[0]) and its key says \(algorithm)")
        }
    }

    /// The key in base64, as it stands in key files.
    package var base64: String { Data(blob).base64EncodedString() }

    /// The line for `authorized_keys` and `.pub` files, without a newline.
    package var line: String { comment.isEmpty ? "\(algorithm) \(base64)" : "\(algorithm) \(base64) \(comment)" }

    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    package var fingerprint: String {
        let text = Data(SHA256.hash(data: blob)).base64EncodedString()
        return "SHA256:" + text.prefix { $0 != "=" }
    }

    package static func == (a: PublicKey, b: PublicKey) -> Bool { a.blob == b.blob }

    package func hash(into hasher: inout Hasher) { hasher.combine(blob) }
}
