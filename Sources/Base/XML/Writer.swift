/// Serialises one tree. Elements with text are written on one line, so that no white space is added to the text.
struct Writer {
    private(set) var text = ""

    mutating func element(_ element: Element, depth: Int) throws {
        indent(depth)
        try inline(element, depth: depth)
        text += "\n"
    }

    private mutating func inline(_ element: Element, depth: Int?) throws {
        try start(element)
        guard !element.children.isEmpty else {
            text += "/>"
            return
        }
        text += ">"
        let mixed = element.children.contains { if case .text = $0 { true } else { false } }
        if !mixed, let depth {
            text += "\n"
            for child in element.elements { try self.element(child, depth: depth + 1) }
            indent(depth)
        } else {
            for child in element.children {
                switch child {
                case .element(let inner): try inline(inner, depth: nil)
                case .text(let run): try escape(run, in: element.name, attribute: false)
                }
            }
        }
        text += "</\(element.name)>"
    }

    private mutating func start(_ element: Element) throws {
        guard Writer.isName(element.name) else { throw XMLError(.name, "invalid XML element name '\(element.name)'") }
        text += "<" + element.name
        var seen: Set<String> = []
        for attribute in element.attributes {
            guard Writer.isName(attribute.name) else {
                throw XMLError(.name, "invalid attribute name '\(attribute.name)' in <\(element.name)>")
            }
            guard seen.insert(attribute.name).inserted else {
                throw XMLError(.name, "duplicate attribute '\(attribute.name)' in <\(element.name)>")
            }
            text += " \(attribute.name)=\""
            try escape(attribute.value, in: "\(element.name) \(attribute.name)", attribute: true)
            text += "\""
        }
    }

    private mutating func escape(_ run: String, in place: String, attribute: Bool) throws {
        for scalar in run.unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"" where attribute: text += "&quot;"
            // A reader normalises these to spaces or newlines unless they are written as references.
            case "\r": text += "&#13;"
            case "\n" where attribute: text += "&#10;"
            case "\t" where attribute: text += "&#9;"
            default:
                guard Writer.isAllowed(scalar) else {
                    throw XMLError(
                        .character, "<\(place)> contains the control character U+\(String(scalar.value, radix: 16, uppercase: true))")
                }
                text.unicodeScalars.append(scalar)
            }
        }
    }

    private mutating func indent(_ depth: Int) { text += String(repeating: "  ", count: depth) }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x9, 0xA, 0xD, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }

    /// Whether `name` is an ASCII XML name with at most one prefix.
    static func isName(_ name: String) -> Bool {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count <= 2
            && parts.allSatisfy { part in
                guard let first = part.utf8.first, isLetter(first) || first == UInt8(ascii: "_") else { return false }
                return part.utf8.allSatisfy { isLetter($0) || (48...57).contains($0) || [45, 46, 95].contains($0) }
            }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte) || (97...122).contains(byte) }
}
