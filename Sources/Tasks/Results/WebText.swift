/// Text as HTML and URLs hold it.
enum WebText {
    /// For element content and quoted attribute values. Control characters, which HTML cannot hold, become U+FFFD.
    static func html(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default:
                let isControl = scalar.value < 0x20 && scalar != "\n" && scalar != "\t" || (0x7F...0x9F).contains(scalar.value)
                result.unicodeScalars.append(isControl ? "\u{FFFD}" : scalar)
            }
        }
        return result
    }

    /// A part of a URL: everything but unreserved characters is percent-encoded.
    static func component(_ text: some StringProtocol) -> String { encode(text, keeping: "-._~") }

    /// A path in a URL: its slashes stay.
    static func path(_ text: some StringProtocol) -> String { encode(text, keeping: "-._~/") }

    private static func encode(_ text: some StringProtocol, keeping allowed: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            let isPlain = byte < 0x80 && (scalar.properties.isAlphabetic || (0x30...0x39).contains(byte) || allowed.utf8.contains(byte))
            if isPlain {
                result.unicodeScalars.append(scalar)
            } else {
                result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }
}

extension String {
    /// The text without one slash at its end.
    var droppingLastSlash: String { hasSuffix("/") ? String(dropLast()) : self }
}
