import AtollModel
import AtollXML
import OrderedCollections

/// Results as JUnit XML: a suite for each check, a case for each of its results.
///
/// ABORTED and CRASHED are errors, FAILED is a failure, NEEDS_INSPECTION is skipped with a message, INFO is passed with its note in
/// `system-out`. Characters that XML cannot hold become U+FFFD. `JUnitReader` reads such files of other tools.
package enum JUnitReport {
    package struct Options: Sendable, Equatable {
        /// Name of the whole report.
        package var name = "atoll"
        /// The check that was run, with its namespace: a suite's name also when it has no result of its own, only sub-results.
        package var check: String?
        /// Where the artifacts of this run are to be found; makes links of artifacts that are relative paths.
        package var artifactsURL: String?
        /// When the run began, as ISO 8601 in UTC.
        package var timestamp: String?
        /// What the run took, in seconds.
        package var seconds: Double?

        package init(
            name: String = "atoll", check: String? = nil, artifactsURL: String? = nil, timestamp: String? = nil, seconds: Double? = nil
        ) {
            self.name = name
            self.check = check
            self.artifactsURL = artifactsURL
            self.timestamp = timestamp
            self.seconds = seconds
        }
    }

    /// The document as text. Order: suites by their first result, cases as the results come.
    package static func write(_ details: [CheckDetail], options: Options = Options()) throws -> String {
        let suites = Suite.group(details, check: options.check)
        var root = Element("testsuites", ["name": clean(options.name)])
        count(details, seconds: options.seconds, into: &root)
        for suite in suites {
            let seconds = suites.count == 1 ? options.seconds : nil
            var element = element(suite.name, suite.cases.map(\.detail), seconds: seconds, timestamp: options.timestamp)
            for entry in suite.cases { element.append(testcase(entry, name: suite.title(of: entry), in: suite, options)) }
            root.append(element)
        }
        return try text(root)
    }

    /// Several runs in one document: a suite for each of them, named as its options say. Readers know a case by its class and name:
    /// the same check of the same item in several runs gets the run's number.
    package static func write(runs: [(details: [CheckDetail], options: Options)], name: String) throws -> String {
        var root = Element("testsuites", ["name": clean(name)])
        let times = runs.compactMap(\.options.seconds)
        count(runs.flatMap(\.details), seconds: times.isEmpty ? nil : times.reduce(0, +), into: &root)
        let items = Set(runs.flatMap(\.details).map(\.item)).count
        let groups = runs.map { run in
            Suite.group(run.details, check: run.options.check).map { suite in
                var suite = suite
                suite.items = items
                return suite
            }
        }
        func key(_ suite: Suite, _ entry: Suite.Case) -> [String] { [suite.name, suite.title(of: entry)] }
        var users: [[String]: Int] = [:]
        for suites in groups {
            for key in Set(suites.flatMap { suite in suite.cases.map { key(suite, $0) } }) { users[key, default: 0] += 1 }
        }
        for (index, run) in runs.enumerated() {
            let options = run.options
            var element = element(options.name, run.details, seconds: options.seconds, timestamp: options.timestamp)
            for suite in groups[index] {
                for entry in suite.cases {
                    let isShared = users[key(suite, entry), default: 0] > 1
                    let title = suite.title(of: entry) + (isShared ? " (run \(index + 1))" : "")
                    element.append(testcase(entry, name: title, in: suite, options))
                }
            }
            root.append(element)
        }
        return try text(root)
    }

    private static func text(_ root: Element) throws -> String { "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + (try XML.write(root)) }

    /// A suite without its cases.
    private static func element(_ name: String, _ details: [CheckDetail], seconds: Double?, timestamp: String?) -> Element {
        var element = Element("testsuite", ["name": clean(name)])
        count(details, seconds: seconds, into: &element)
        element["timestamp"] = timestamp.map(clean)
        return element
    }

    private static func count(_ details: [CheckDetail], seconds: Double?, into element: inout Element) {
        func number(_ outcomes: Outcome...) -> String { String(details.count { outcomes.contains($0.outcome) }) }
        element["tests"] = String(details.count)
        element["failures"] = number(.failed)
        element["errors"] = number(.aborted, .crashed)
        element["skipped"] = number(.needsInspection)
        element["time"] = seconds.map { "\((($0 * 1000).rounded()) / 1000)" }
    }

    private static func testcase(_ entry: Suite.Case, name: String, in suite: Suite, _ options: Options) -> Element {
        let detail = entry.detail
        var element = Element("testcase", ["name": clean(name), "classname": clean(suite.name)])
        let link = detail.artifact.flatMap { $0.isEmpty ? nil : self.link($0, options) }

        var facts: [(String, String)] = [("item", detail.item), ("outcome", detail.outcome.rawValue)]
        if let type = detail.type { facts.append(("type", type)) }
        if let link { facts.append(("artifact", link)) }
        for (key, value) in detail.keyvals { if let text = value.text { facts.append((key, text)) } }
        element.append(Element("properties", [:], facts.map { Element("property", ["name": clean($0.0), "value": clean($0.1)]) }))

        let message = detail.note.isEmpty ? "\(detail.item): \(detail.outcome)" : detail.note
        let text = clean(([message] + detail.output + (link.map { ["artifact: \($0)"] } ?? [])).joined(separator: "\n"))
        switch detail.outcome {
        case .passed, .info: break
        case .failed: element.append(Element("failure", ["message": clean(message), "type": "FAILED"], text: text))
        case .needsInspection: element.append(Element("skipped", ["message": clean(message)]))
        case .aborted, .crashed:
            element.append(Element("error", ["message": clean(message), "type": detail.outcome.rawValue], text: text))
        }
        if !detail.note.isEmpty || !detail.output.isEmpty || link != nil { element.append(Element("system-out", [:], text: text)) }
        return element
    }

    private static func link(_ artifact: String, _ options: Options) -> String {
        guard let base = options.artifactsURL, !artifact.hasPrefix("/") else { return artifact }
        return base.droppingLastSlash + "/" + WebText.path(artifact)
    }

    /// The text with every character that XML 1.0 cannot hold replaced.
    static func clean(_ text: String) -> String {
        func allowed(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.value {
            case 0x9, 0xA, 0xD, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
            default: false
            }
        }
        if text.unicodeScalars.allSatisfy(allowed) { return text }
        var view = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { view.append(allowed(scalar) ? scalar : "\u{FFFD}") }
        return String(view)
    }
}

extension JUnitReport {
    /// The results of one check.
    struct Suite {
        struct Case {
            var name: String
            var detail: CheckDetail
        }
        var name: String
        var cases: [Case] = []
        /// How many different items there are; more than one, and the cases' names tell which.
        var items = 0

        func title(of entry: Case) -> String { items > 1 ? "\(entry.name) [\(entry.detail.item)]" : entry.name }

        /// `check.sub` belongs to `check`. Where several results share a beginning that is itself a check's name (with a namespace, say),
        /// the shortest such name is the suite's; else it is what stands before the first dot.
        static func group(_ details: [CheckDetail], check: String?) -> [Suite] {
            let names = Set(details.map(Suite.checkname)).union([check].compactMap { $0 })
            // A check with sub-results of its own is a suite, even where its name has a dot.
            var overall = Set([check].compactMap { $0 })
            for name in names { if let parent = prefixes(of: name).first(where: names.contains) { overall.insert(parent) } }
            var suites: [Suite] = []
            var indices: [String: Int] = [:]
            var items: [Set<String>] = []
            for detail in details {
                let name = Suite.checkname(detail)
                let suite =
                    prefixes(of: name).first(where: names.contains) ?? (overall.contains(name) ? name : prefixes(of: name).first) ?? name
                let index = indices[suite] ?? suites.count
                if index == suites.count {
                    indices[suite] = index
                    suites.append(Suite(name: suite))
                    items.append([])
                }
                items[index].insert(detail.item)
                let rest = name.dropFirst(suite.count + 1)
                suites[index].cases.append(Case(name: rest.isEmpty ? name : String(rest), detail: detail))
            }
            for index in suites.indices { suites[index].items = items[index].count }
            return suites
        }

        private static func checkname(_ detail: CheckDetail) -> String {
            detail.checkname.flatMap { $0.isEmpty ? nil : $0 } ?? "results"
        }

        /// What stands before each dot, shortest first. Names with more levels than that are nobody's.
        private static func prefixes(of name: String) -> [String] {
            name.indices.lazy.filter { name[$0] == "." && $0 != name.startIndex }.prefix(8).map { String(name[..<$0]) }
        }
    }
}
