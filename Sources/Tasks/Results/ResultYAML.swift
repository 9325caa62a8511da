import AtollModel
import OrderedCollections

/// ResultYAML, the form in which results travel between tasks, directives and files: a mapping whose `results` lists them.
///
/// Reading what was written gives the same details, but for `output`, which is never written, and an outcome that nobody gave, which
/// is NEEDS_INSPECTION afterwards.
package enum ResultYAML {
    /// A text, and what was left out of it.
    package struct Exported: Sendable, Equatable {
        package var text: String
        /// One line for each keyval that could not be written.
        package var warnings: [String]
    }

    /// All results as one text. Two such texts cannot be put together: parse, append, export.
    /// - Throws: `ResultsError` `.value` for a result without an item.
    package static func export(_ details: [CheckDetail]) throws(ResultsError) -> Exported {
        var warnings: [String] = []
        var elements: [Value] = []
        for (index, detail) in details.enumerated() {
            guard !detail.item.isEmpty else {
                throw ResultsError(
                    .value, "result \(index + 1)\(detail.checkname.map { " (\($0))" } ?? "") has no item; every result needs one")
            }
            let (members, dropped) = ResultFields.members(of: detail)
            warnings += dropped.map { "result \(index + 1) (\(detail.item)): the keyval '\($0)' is a field's name and is left out" }
            elements.append(.map(members))
        }
        return Exported(text: YAMLText.render(["results": .list(elements)]), warnings: warnings)
    }

    /// `export` where warnings have no reader.
    package static func text(_ details: [CheckDetail]) throws(ResultsError) -> String { try export(details).text }

    /// Reads results; `name` is what errors call the text (a path, say).
    /// - Throws: `ResultsError` `.value` for text that is empty, no YAML, or not of this form, with the line.
    package static func parse(_ text: String, name: String = "results") throws(ResultsError) -> [CheckDetail] {
        guard let root = try YAMLDocument.parse(text, name: name) else {
            throw ResultsError(.value, "\(name): the text is empty; ResultYAML is a mapping with the key 'results'")
        }
        guard case .map(let members) = root.content else {
            throw ResultsError(.value, "\(name): ResultYAML is a mapping with the key 'results', not \(root.value.kind)")
        }
        guard let results = members["results"] else {
            let found = members.keys.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
            throw ResultsError(.value, "\(name): the key 'results' is missing\(found.isEmpty ? "" : "; there is \(found)")")
        }
        if results.isNull { return [] }
        guard case .list(let elements) = results.content else {
            throw ResultsError(.value, "\(name), line \(results.line): 'results' is a list of results, not \(results.value.kind)")
        }
        var details: [CheckDetail] = []
        details.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            details.append(try ResultFields.detail(element, place: "\(name), line \(element.line), result \(index + 1)"))
        }
        return details
    }
}

/// The fields of one result as ResultYAML and results.json have them.
enum ResultFields {
    /// Fields that are not empty, in a fixed order, item and outcome always; and the names of keyvals that are left out.
    static func members(of detail: CheckDetail) -> (members: OrderedDictionary<String, Value>, dropped: [String]) {
        var members: OrderedDictionary<String, Value> = ["item": .string(detail.item)]
        func put(_ key: String, _ text: String?) { if let text, !text.isEmpty { members[key] = .string(text) } }
        put("type", detail.type)
        put("checkname", detail.checkname)
        put("outcome", detail.outcome.rawValue)
        put("note", detail.note)
        put("artifact", detail.artifact)
        var dropped: [String] = []
        for (key, value) in detail.keyvals {
            if CheckDetail.reservedKeys.contains(key) { dropped.append(key) } else { members[key] = value }
        }
        if !detail.internalData.isEmpty { members["_internal"] = .map(detail.internalData) }
        return (members, dropped)
    }

    static func detail(_ element: LocatedValue, place: String) throws(ResultsError) -> CheckDetail {
        guard case .map(let members) = element.content else {
            throw ResultsError(.value, "\(place): a result is a mapping, not \(element.value.kind)")
        }
        func text(_ key: String) throws(ResultsError) -> String? {
            guard let member = members[key], !member.isNull else { return nil }
            guard case .scalar(let value) = member.content, let text = member.spelling ?? value.text else {
                throw ResultsError(.value, "\(place): '\(key)' is text, not \(member.value.kind)")
            }
            return text
        }
        guard let item = try text("item"), !item.isEmpty else { throw ResultsError(.value, "\(place): 'item' is missing") }
        var detail = CheckDetail(item: item, type: try text("type"), checkname: try text("checkname"), artifact: try text("artifact"))
        if let word = try text("outcome") {
            do throws(ResultsError) { try detail.setOutcome(word: word) } catch { throw ResultsError(.value, "\(place): \(error.message)") }
        }
        detail.note = try text("note") ?? ""
        if let data = members["_internal"], !data.isNull {
            guard let inner = data.value.members else {
                throw ResultsError(.value, "\(place): '_internal' is a mapping, not \(data.value.kind)")
            }
            detail.internalData = inner
        }
        for (key, member) in members where !CheckDetail.reservedKeys.contains(key) { detail.keyvals[key] = member.value }
        return detail
    }
}
