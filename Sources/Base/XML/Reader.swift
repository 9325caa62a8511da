import Foundation
import FoundationXML

/// Builds the tree from the events of FoundationXML's SAX parser. One object per document: the parser is not Sendable.
final class Reader: NSObject, XMLParserDelegate {
    private let limit: Int
    private var open: [Element] = []
    private var root: Element?
    /// The text since the last tag. A long one comes in many pieces; putting each into the tree would copy all before it every time.
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
        // `parse()` says true for a document with something after its root: only the recorded failure tells.
        if let failure = reader.failure { throw failure }
        guard whole, let root = reader.root, reader.open.isEmpty else {
            throw XMLError(.malformed, "the text is no whole XML document", line: max(parser.lineNumber, 1))
        }
        return root
    }

    /// The text without its XML declaration: the text is Unicode already, whatever encoding the declaration names. A document type
    /// declaration can stand only before the root, and the parser has no event for an empty one, so it is looked for here.
    private static func withoutProlog(_ text: String) throws -> String {
        var rest = text.hasPrefix("\u{FEFF}") ? text.dropFirst() : text[...]
        if rest.hasPrefix("<?xml"), let end = rest.range(of: "?>") { rest = rest[end.upperBound...] }
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
            throw XMLError(.doctype, "a document type declaration is not accepted", line: line)
        }
        return String(rest)
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?, attributes: [String: String]
    ) {
        endRun()
        guard open.count < limit else {
            if failure == nil { failure = XMLError(.depth, "elements are nested deeper than \(limit)", line: parser.lineNumber) }
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
        let number = (error as NSError).code
        if failure == nil {
            failure = XMLError(.malformed, "the XML is not well formed (parser code \(number))", line: max(parser.lineNumber, 1))
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
