import AtollModel
import Foundation

/// Formats of user-data and vendor-data, recognized as cloud-init recognizes them: by the start of the text.
enum UserDataFormat: Equatable {
    /// YAML that can be merged before cloud-init sees it.
    case cloudConfig
    /// A MIME message.
    case mime
    /// Any other format, with the content type of its MIME part.
    case part(contentType: String)

    private static let starts = [
        ("#include-once", "text/x-include-once-url"), ("#include", "text/x-include-url"), ("#!", "text/x-shellscript"),
        ("#cloud-boothook", "text/cloud-boothook"), ("#cloud-config-archive", "text/cloud-config-archive"),
        ("#cloud-config-jsonp", "text/cloud-config-jsonp"), ("#part-handler", "text/part-handler"),
        ("#upstart-job", "text/upstart-job"), ("## template: jinja", "text/jinja2"),
    ]

    init(_ bytes: [UInt8]) {
        if bytes.starts(with: [0x1f, 0x8b]) {
            self = .part(contentType: "application/gzip")
            return
        }
        let start = String(decoding: bytes.prefix(4096), as: UTF8.self).drop { $0.isWhitespace || $0 == "\u{FEFF}" }.lowercased()
        if let found = Self.starts.first(where: { start.hasPrefix($0.0) }) {
            self = .part(contentType: found.1)
            return
        }
        // A message starts with a header; YAML that only mentions one does not.
        let isMessage = ["content-type:", "mime-version:", "from nobody "].contains { start.hasPrefix($0) }
        self = isMessage || start.hasPrefix("number-attachments:") ? .mime : .cloudConfig
    }
}

/// Composes user-data that cannot be merged with our own: one MIME message with the user's part first and ours after it.
enum MultipartUserData {
    /// - Parameter parts: our cloud-config documents, each with its `merge_how`.
    static func compose(_ written: [UInt8], format: UserDataFormat, parts: [Value]) -> [UInt8] {
        var sections: [[UInt8]] = []
        if format == .mime {
            sections.append(message(written))
        } else if case .part(let type) = format {
            sections.append(section(type, written))
        }
        sections += parts.map { section("text/cloud-config", Array(("#cloud-config\n" + YAMLText.render($0)).utf8)) }
        let boundary =
            "==atoll-" + written.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }.description + "=="
        var bytes = Array("Content-Type: multipart/mixed; boundary=\"\(boundary)\"\nMIME-Version: 1.0\n\n".utf8)
        for section in sections { bytes += Array("--\(boundary)\n".utf8) + section + Array("\n".utf8) }
        return bytes + Array("--\(boundary)--\n".utf8)
    }

    /// A message as a part: without the separator line of a mailbox, which is not a header.
    private static func message(_ bytes: [UInt8]) -> [UInt8] {
        let start = bytes.firstIndex { ![9, 10, 13, 32].contains($0) } ?? 0
        let body = bytes[start...]
        guard body.starts(with: Array("From ".utf8)), let end = body.firstIndex(of: 10) else { return Array(body) }
        return Array(body[(end + 1)...])
    }

    private static func section(_ type: String, _ bytes: [UInt8]) -> [UInt8] {
        let charset = type.hasPrefix("text/") ? "; charset=\"utf-8\"" : ""
        let text = Data(bytes).base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed])
        return Array("Content-Type: \(type)\(charset)\nMIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\n\(text)\n".utf8)
    }
}
