package import AtollModel
package import OrderedCollections

/// Whether what a formula needs (`input.args`) is there, asked before anything is installed or run.
package enum InputCheck {
    /// Throws one finding for each argument that is undefined or null.
    package static func check(_ formula: Formula, variables: OrderedDictionary<String, Value>) throws(InvalidInput) {
        var findings: [Diagnostic] = []
        for (index, name) in formula.inputArguments.enumerated() {
            if let value = Substitution(variables).lookUp(name), value != .null { continue }
            let path = FieldPath.keys("input", "args").appending(index)
            findings.append(Diagnostic(.error, at: path, in: formula.sources, "`\(name)` has no value; \(advice(name))"))
        }
        guard findings.isEmpty else { throw InvalidInput(findings) }
    }

    private static func advice(_ name: String) -> String {
        if ItemType(rawValue: name) != nil { return "give it with `--item VALUE --type \(name)`" }
        if ["item", "type"].contains(name) { return "give an item with `--item VALUE --type TYPE`" }
        let names = ItemType.allCases.map(\.rawValue) + ["arch"]
        let hint = Spelling.suggestion(for: name, among: names).map { "did you mean `\($0)`? Or " } ?? ""
        return "\(hint)give it with `--override \(name)=VALUE`"
    }
}
