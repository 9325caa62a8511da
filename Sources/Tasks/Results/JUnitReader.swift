import AtollXML

/// Reads JUnit (xunit) XML as test tools write it: `testsuites`, `testsuite` at any depth, `testcase`.
package enum JUnitReader {
    /// One test case.
    package struct Case: Sendable, Equatable {
        package enum Status: String, Sendable { case passed, failed, error, skipped }
        package var name: String
        package var classname: String?
        /// Name of the suite it stands in.
        package var suite: String?
        package var status: Status
        /// What the tool said about a case that did not pass: its message, else the first line of its text.
        package var message: String
        /// Seconds, when the tool told.
        package var seconds: Double?

        /// Whether nothing is wrong with it; skipped counts as good.
        package var isGood: Bool { status == .passed || status == .skipped }
    }

    /// Bytes; test tools put whole logs into such files, but not more than that.
    static let sizeLimit = 32 << 20

    /// A document: its cases in order, and what speaks against trusting them.
    package struct Document: Sendable, Equatable {
        package var cases: [Case] = []
        /// One line each.
        package var warnings: [String] = []
        /// The worst outcome that the suites' own counts claim and their cases do not show, with the reason.
        package var claim: Claim?
    }

    /// An outcome that follows from the counts of a suite.
    package struct Claim: Sendable, Equatable {
        package var outcome: Outcome
        package var reason: String
    }

    /// All cases of a document, in order.
    /// - Throws: `ResultsError` `.value` as `document` does.
    package static func read(_ text: String, name: String = "the JUnit report") throws(ResultsError) -> [Case] {
        try document(Array(text.utf8), name: name).cases
    }

    /// Reads a document in the encoding that it declares.
    /// - Throws: `ResultsError` `.value`, with line and column, for text that is not XML (or has a document type declaration) or not such a
    ///   report.
    package static func document(_ bytes: [UInt8], name: String = "the JUnit report") throws(ResultsError) -> Document {
        guard bytes.count <= sizeLimit else { throw ResultsError(.value, "\(name) has more than \(sizeLimit >> 20) MiB") }
        let source = try JUnitText(bytes, name: name)
        let root: Element
        do { root = try XML.read(source.text, depth: 64) } catch { throw ResultsError(.value, "\(name): \(error)") }
        guard local(root.name) == "testsuites" || local(root.name) == "testsuite" else {
            throw ResultsError(.value, "\(name): the root is <\(root.name)>; a JUnit report has <testsuites> or <testsuite>")
        }
        var document = Document(warnings: source.warnings)
        var counts = JUnitCounts(name: name)
        collect(root, suite: nil, into: &document, &counts)
        document.warnings += counts.warnings
        document.claim = counts.claim
        return document
    }

    @discardableResult
    private static func collect(
        _ element: Element, suite: String?, into document: inout Document, _ counts: inout JUnitCounts
    ) -> JUnitCounts.Found {
        let suite = local(element.name) == "testsuite" ? element["name"] ?? suite : suite
        var (direct, nested) = (JUnitCounts.Found(), JUnitCounts.Found())
        for child in element.elements {
            switch local(child.name) {
            case "testsuite", "testsuites": nested.add(collect(child, suite: suite, into: &document, &counts))
            case "testcase":
                let entry = testcase(child, suite: suite)
                document.cases.append(entry)
                direct.cases += 1
                direct.bad += entry.isGood ? 0 : 1
                direct.faults += child.elements.count { ["failure", "error"].contains(local($0.name)) }
            default: break
            }
        }
        counts.compare(element, suite: suite, direct, nested)
        return direct.adding(nested)
    }

    /// The worst of what a case says counts: tools write a failure and an error into one case.
    private static func testcase(_ element: Element, suite: String?) -> Case {
        var result = Case(
            name: element["name"] ?? "", classname: element["classname"], suite: suite, status: .passed, message: "",
            seconds: element["time"].flatMap(Double.init))
        for (tag, status) in [("skipped", Case.Status.skipped), ("failure", .failed), ("error", .error)] {
            guard let child = element.elements.first(where: { local($0.name) == tag }) else { continue }
            result.status = status
            result.message = firstLine(child["message"]) ?? firstLine(child.text) ?? ""
        }
        // Ant and gtest say it in an attribute.
        if result.status == .passed, element["status"] == "notrun" || element["result"] == "skipped" { result.status = .skipped }
        return result
    }

    private static func firstLine(_ text: String?) -> String? {
        text?.split(whereSeparator: \.isNewline).first { !$0.allSatisfy(\.isWhitespace) }.map { String($0.prefix(500)) }
    }

    private static func local(_ name: String) -> Substring { name.split(separator: ":").last ?? "" }
}
