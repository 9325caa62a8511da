import AtollModel

/// The text of a JUnit report, made fit for an XML reader.
struct JUnitText {
    var text: String
    var warnings: [String] = []

    /// Decodes a report as its byte order mark or its XML declaration says, and replaces characters that XML does not allow by U+FFFD: test
    /// tools copy the output of programs, colour codes included.
    /// - Throws: `ResultsError` `.value` for an encoding that is not supported.
    init(_ bytes: [UInt8], name: String) throws(ResultsError) {
        let decoded: EncodedText
        do throws(EncodedText.UnsupportedEncoding) { decoded = try EncodedText(bytes, declared: Self.declaredEncoding(bytes)) } catch {
            throw ResultsError(
                .value, "\(name): unsupported encoding '\(error.name)'; convert the report to UTF-8, its XML declaration included")
        }
        if decoded.isLossy {
            warnings.append("\(name): bytes that are not valid \(decoded.encoding.rawValue) were replaced by U+FFFD")
        }
        text = JUnitReport.clean(decoded.text)
        if text.unicodeScalars.count != decoded.text.unicodeScalars.count || text != decoded.text {
            warnings.append("\(name): control characters that XML does not allow were replaced by U+FFFD")
        }
        if let replaced = Self.replacingReferences(in: text) {
            text = replaced
            warnings.append("\(name): references to characters that XML does not allow were replaced by U+FFFD")
        }
    }

    /// The `encoding` of the XML declaration of a document that has one in ASCII.
    static func declaredEncoding(_ bytes: [UInt8]) -> String? {
        let start = String(decoding: bytes.prefix(256), as: UTF8.self)
        guard start.hasPrefix("<?xml"), let end = start.firstRange(of: "?>") else { return nil }
        return start[..<end.lowerBound].firstMatch(of: /encoding\s*=\s*["']([A-Za-z0-9._-]+)["']/).map { String($0.1) }
    }

    /// The text with references such as `&#27;` replaced; nil when it has none.
    private static func replacingReferences(in text: String) -> String? {
        guard text.utf8.contains(UInt8(ascii: "&")), text.contains("&#") else { return nil }
        var result = ""
        var rest = text[...]
        while let start = rest.firstRange(of: "&#") {
            let digits = rest[start.upperBound...].prefix { $0 != ";" && $0.isHexDigit || $0 == "x" }
            let isHex = digits.hasPrefix("x")
            let value = UInt32(isHex ? digits.dropFirst() : digits, radix: isHex ? 16 : 10)
            let isClosed = rest[digits.endIndex...].hasPrefix(";")
            if isClosed, let value, !(Unicode.Scalar(value).map { JUnitReport.isAllowed($0) } ?? false) {
                result += rest[..<start.lowerBound] + "\u{FFFD}"
                rest = rest[digits.endIndex...].dropFirst()
            } else {
                result += rest[..<digits.endIndex]
                rest = rest[digits.endIndex...]
            }
        }
        result += rest
        return result == text ? nil : result
    }
}
