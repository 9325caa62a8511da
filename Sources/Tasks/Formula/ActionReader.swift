import AtollDocuments
import AtollModel

extension Formula.Action {
    /// Keys of an action that are not the name of a directive.
    static let ownKeys = ["name", "export", "timeout"]

    /// Reads `actions` of a formula; reports an error if there are none.
    static func readAll(_ root: FormulaField) -> [Formula.Action] {
        guard let field = root["actions"] else {
            if root.value["task"] != nil {
                root.findings.error(atKey: FieldPath.keys("task"), "'task' was renamed: use 'actions'")
            } else {
                _ = root.required("actions", "a list with at least one action")
            }
            return []
        }
        guard let elements = field.elements, !elements.isEmpty else {
            let found = field.value.elements == nil ? field.found : "an empty list"
            field.findings.error(field.path, "found \(found); allowed: a list with at least one action")
            return []
        }
        return elements.enumerated().compactMap { read($1, index: $0) }
    }

    private static func read(_ field: FormulaField, index: Int) -> Formula.Action? {
        guard let members = field.members else {
            field.refuse(allowed: "a mapping with one directive, such as 'shell: ./test.sh'")
            return nil
        }
        let name = field["name"]?.line("a label on one line")
        let export = field["export"].flatMap(variable)
        let timeout = field["timeout"].flatMap(seconds)
        let directives = members.filter { !ownKeys.contains($0.key) }
        let label = "action \(index + 1)" + (name.map { " (\($0))" } ?? "")
        guard let directive = directives.first else {
            field.findings.error(field.path, "\(label) has no directive: add one, such as 'shell'")
            return nil
        }
        guard directives.count == 1 else {
            let names = directives.map { "'\($0.key)'" }.joined(separator: " and ")
            let hint = directives.contains { $0.key == "register" } ? "; use 'export' to keep what a directive returns" : ""
            field.findings.error(
                atKey: directives[1].field.path, "\(label) has the directives \(names); an action has exactly one\(hint)")
            return nil
        }
        return Formula.Action(
            index: index, name: name, export: export, directive: directive.key, parameters: directive.field.value, timeout: timeout,
            position: field.findings.document.sources.position(of: field.path))
    }

    private static func variable(_ field: FormulaField) -> String? {
        let allowed = "the name of a variable: a letter or _, then letters, digits, _ and dots between them"
        guard let name = field.text(allowed) else { return nil }
        guard Substitution.isVariableName(name) else {
            field.refuse(allowed: allowed)
            return nil
        }
        return name
    }

    /// Seconds of a number, or of a number with the unit s, m or h.
    private static func seconds(_ field: FormulaField) -> Int? {
        let allowed = "a number of seconds, or a duration such as 90s, 10m or 2h"
        guard let text = field.text(allowed) else { return nil }
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        guard let number = Int(digits), number > 0, let factor = ["": 1, "s": 1, "m": 60, "h": 3600][unit],
            // A limit of 30 years, below the range of the clocks.
            number <= 1_000_000_000 / factor
        else {
            field.refuse(allowed: allowed)
            return nil
        }
        return number * factor
    }
}
