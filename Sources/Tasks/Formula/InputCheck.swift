package import AtollModel
package import OrderedCollections

/// Checks that the variables a formula requires (`input.args`) have a value, before anything is installed or run.
package enum InputCheck {
    /// Throws one finding for each argument that is undefined or null.
    package static func check(_ formula: Formula, variables: OrderedDictionary<String, Value>) throws(InvalidInput) {
        var findings: [Diagnostic] = []
        for (index, name) in formula.inputArguments.enumerated() {
            if let value = Substitution(variables).lookUp(name), value != .null { continue }
            let path = FieldPath.keys("input", "args").appending(index)
            findings.append(Diagnostic(.error, at: path, in: formula.sources, "missing value for '\(name)': \(advice(name))"))
        }
        guard findings.isEmpty else { throw InvalidInput(findings) }
    }

    private static func advice(_ name: String) -> String {
        if ItemType(rawValue: name) != nil { return "set it with --item VALUE --type \(name)" }
        if ["item", "type"].contains(name) { return "set it with --item VALUE --type TYPE" }
        let names = ItemType.allCases.map(\.rawValue) + ["arch"]
        let hint = Spelling.suggestion(for: name, among: names).map { "did you mean '\($0)'? Or " } ?? ""
        return "\(hint)set it with --override \(name)=VALUE"
    }
}
