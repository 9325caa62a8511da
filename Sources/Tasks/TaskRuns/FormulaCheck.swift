import AtollDirectives
import AtollFormula
import AtollModel
import OrderedCollections

/// What is wrong with a formula as far as it can be known before its machine is made: inputs without a value, directives that there are not,
/// parameters without sense, references to variables that no earlier action exports. A VM that boots only to meet a typing error is time
/// that somebody waits for.
enum FormulaCheck {
    /// - Parameter variables: those the formula starts with.
    /// - Throws: every finding, in the formula's order.
    static func check(_ formula: Formula, variables: OrderedDictionary<String, Value>, directives: DirectiveSet) throws(InvalidInput) {
        var findings: [Diagnostic] = []
        do throws(InvalidInput) { try InputCheck.check(formula, variables: variables) } catch { findings += error.diagnostics }
        // What is missing at the input was said: a reference to it is no finding of its own.
        var substitution = Substitution(variables, later: Set(findings.isEmpty ? [] : formula.inputArguments))
        for action in formula.actions {
            do throws(InvalidInput) {
                let known = try substitution.apply(to: action, of: formula)
                findings += directive(of: known, formula, directives)
            } catch { findings += error.diagnostics }
            if let export = action.export { substitution.later.insert(export) }
        }
        guard findings.isEmpty else { throw InvalidInput(findings) }
    }

    /// Whether a reference may still turn into any shape, or a key into any name.
    private static func isOpen(_ parameters: Value) -> Bool {
        switch parameters {
        case .string(let text): text.contains("$")
        case .map(let members): members.keys.contains { $0.contains("$") }
        case .list(let elements): elements.contains { $0.members?.keys.contains { $0.contains("$") } ?? false }
        default: false
        }
    }

    private static func directive(of action: Formula.Action, _ formula: Formula, _ directives: DirectiveSet) -> [Diagnostic] {
        // What is put together from what an action returns is known when that has returned.
        guard !action.directive.contains("$") else { return [] }
        do {
            let directive = try directives.find(action.directive)
            if !isOpen(action.parameters) { try directive.check(action.parameters) }
            return []
        } catch {
            return [Diagnostic(.error, at: action.path.appending(action.directive), in: formula.sources, "\(action.label): \(error)")]
        }
    }
}
