/// INI text as Python's ConfigParser reads it, without interpolation.
struct INIFile: Equatable {
    struct Item: Equatable {
        var section: String
        var key: String
        var value: String
    }
    var items: [Item] = []
    /// Lines that say nothing: number and text.
    var stray: [(line: Int, text: String)] = []

    static func == (a: INIFile, b: INIFile) -> Bool { a.items == b.items }

    init(_ text: String) {
        var section: String?
        var isOpen = false
        var indent = 0
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let body = String(line).trimmed
            let depth = line.prefix { $0 == " " || $0 == "\t" }.count
            if body.isEmpty || body.hasPrefix("#") || body.hasPrefix(";") { continue }
            if isOpen, depth > indent, !items.isEmpty {
                // Indented under a key: the value goes on.
                items[items.count - 1].value += items[items.count - 1].value.isEmpty ? body : "\n" + body
                continue
            }
            isOpen = false
            if body.hasPrefix("["), let end = body.lastIndex(of: "]") {
                section = String(body[body.index(after: body.startIndex)..<end])
                continue
            }
            guard let section, let separator = body.firstIndex(where: { $0 == "=" || $0 == ":" }), separator > body.startIndex else {
                stray.append((number + 1, body))
                continue
            }
            let value = String(body[body.index(after: separator)...]).trimmed
            items.append(Item(section: section, key: String(body[..<separator]).trimmed, value: value))
            isOpen = true
            indent = depth
        }
    }
}
