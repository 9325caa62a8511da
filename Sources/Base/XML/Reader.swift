import Foundation
import FoundationXML

/// Builds the element tree from FoundationXML's SAX events. One object per document: the parser is not Sendable.
final class Reader: NSObject, XMLParserDelegate {
    private let limit: Int
    private var open: [Element] = []
    private var root: Element?
    /// Text since the last tag. Collected here because a long text arrives in many pieces, and appending each to the tree is quadratic.
    private var run = ""
    private var failure: XMLError?

    private init(limit: Int) { self.limit = limit }

    static func read(_ text: String, depth: Int) throws -> Element {
        let body = try withoutProlog(text)
        let reader = Reader(limit: depth)
        let parser = XMLParser(data: Data(body.utf8))
        parser.shouldProcessNamespaces = false
        parser.shouldResolveExternalEntities = false
        parser.delegate = reader
        let whole = parser.parse()
        // `parse()` returns true for a document with content after its root; only the recorded failure shows it.
        if let failure = reader.failure { throw failure }
        guard whole, let root = reader.root, reader.open.isEmpty else {
            throw XMLError(.malformed, "incomplete XML document", line: max(parser.lineNumber, 1))
        }
        return root
    }

    /// The text without its XML declaration, whose encoding no longer applies. Refuses a document type
    /// declaration, which can stand only before the root; the parser reports no event for an empty one.
    private static func withoutProlog(_ text: String) throws -> String {
        var rest = text.hasPrefix("\u{FEFF}") ? text.dropFirst() : text[...]
        let declaration: Substring
        if rest.hasPrefix("<?xml"), let end = rest.range(of: "?>") {
            declaration = rest[..<end.upperBound]
            rest = rest[end.upperBound...]
        } else {
            declaration = ""
        }
        var prolog = rest
        while true {
            prolog = prolog.drop { $0.isWhitespace }
            if prolog.hasPrefix("<!--"), let end = prolog.range(of: "-->") {
                prolog = prolog[end.upperBound...]
            } else if prolog.hasPrefix("<?"), let end = prolog.range(of: "?>") {
                prolog = prolog[end.upperBound...]
            } else {
                break
            }
        }
        guard !prolog.hasPrefix("<!DOCTYPE") else {
            let line = 1 + text[..<prolog.startIndex].utf8.count { $0 == 10 }
            throw XMLError(.doctype, "document type declarations are unsupported", line: line)
        }
        // Blanks in its place keep lines and columns as they are in the text.
        return declaration.map { $0.isNewline ? "\n" : " " }.joined() + rest
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?, attributes: [String: String]
    ) {
        endRun()
        guard open.count < limit else {
            if failure == nil { failure = XMLError(.depth, "elements are nested deeper than \(limit) levels", line: parser.lineNumber) }
            parser.abortParsing()
            return
        }
        var element = Element(name)
        element.attributes = attributes.sorted { $0.key < $1.key }.map { Element.Attribute($0.key, $0.value) }
        open.append(element)
    }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        endRun()
        guard var element = open.popLast() else { return }
        if !element.elements.isEmpty {
            element.children.removeAll { if case .text(let run) = $0 { run.allSatisfy(\.isWhitespace) } else { false } }
        }
        if open.isEmpty { root = element } else { open[open.count - 1].append(element) }
    }

    func parser(_ parser: XMLParser, foundCharacters run: String) { add(run) }

    func parser(_ parser: XMLParser, foundCDATA block: Data) { add(String(decoding: block, as: UTF8.self)) }

    func parser(_ parser: XMLParser, parseErrorOccurred error: any Error) {
        // The code is libxml2's; its text is lost on the way through FoundationXML.
        let reason = SyntaxFault.text((error as NSError).code, innermost: open.last?.name)
        if failure == nil {
            failure = XMLError(.malformed, reason, line: max(parser.lineNumber, 1), column: max(parser.columnNumber, 0))
        }
    }

    private func add(_ piece: String) {
        if !open.isEmpty { run += piece }
    }

    private func endRun() {
        guard !run.isEmpty, !open.isEmpty else { return }
        open[open.count - 1].children.append(.text(run))
        run = ""
    }
}
