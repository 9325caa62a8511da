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

    /// All cases of a document, in order.
    /// - Throws: `ResultsError` `.value`, with the line, for text that is no XML (or has a document type declaration) or no such report.
    package static func read(_ text: String, name: String = "the JUnit report") throws(ResultsError) -> [Case] {
        guard text.utf8.count <= sizeLimit else { throw ResultsError(.value, "\(name) has more than \(sizeLimit >> 20) MiB") }
        let root: Element
        do { root = try XML.read(text, depth: 64) } catch { throw ResultsError(.value, "\(name): \(error)") }
        guard local(root.name) == "testsuites" || local(root.name) == "testsuite" else {
            throw ResultsError(.value, "\(name): the root is <\(root.name)>; a JUnit report has <testsuites> or <testsuite>")
        }
        var cases: [Case] = []
        collect(root, suite: nil, into: &cases)
        return cases
    }

    private static func collect(_ element: Element, suite: String?, into cases: inout [Case]) {
        let suite = local(element.name) == "testsuite" ? element["name"] ?? suite : suite
        for child in element.elements {
            switch local(child.name) {
            case "testsuite", "testsuites": collect(child, suite: suite, into: &cases)
            case "testcase": cases.append(testcase(child, suite: suite))
            default: break
            }
        }
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
