import AtollDocuments
package import AtollModel

extension Formula {
    static let kind = "a task formula (a YAML mapping with 'name' and 'actions')"

    /// Reads the file at `path`. Throws `InvalidInput` with every error of the file, in file order.
    package static func load(_ path: String) throws(InvalidInput) -> Formula {
        try parse(try LocatedDocument.readText(path: path, kind: kind), file: path)
    }

    /// Parses formula text; `file` is the file name in findings.
    package static func parse(_ text: String, file: String) throws(InvalidInput) -> Formula {
        let findings: FormulaFindings
        do throws(InvalidInput) { findings = FormulaFindings(try LocatedDocument.read(text, file: file, kind: kind)) } catch {
            throw explained(error, text: text)
        }
        let root = findings.root
        guard root.value.members != nil else {
            root.refuse(allowed: kind)
            throw InvalidInput(findings.errors)
        }
        let formula = read(root)
        guard findings.errors.isEmpty, let formula else { throw InvalidInput(findings.sorted(findings.errors)) }
        return formula
    }

    private static func read(_ root: FormulaField) -> Formula? {
        let known = ["name", "desc", "maintainer", "namespace", "input", "environment", "actions"]
        root.warnUnknownKeys(known, of: "a formula", synonyms: ["description": "desc", "steps": "actions", "env": "environment"])
        let name = root.required("name", "the name of the check, on one line")?.identifier("the name of the check: one word")
        let namespace = root["namespace"]?.identifier("a namespace: one word")
        let environment = EnvironmentWish.read(root["environment"])
        let actions = Action.readAll(root)
        let input = inputArguments(root["input"])
        let desc = root["desc"]?.text("text")
        let maintainer = root["maintainer"]?.text("text")
        guard let name else { return nil }
        return Formula(
            name: name, desc: desc, maintainer: maintainer, namespace: namespace ?? defaultNamespace, inputArguments: input,
            environment: environment, actions: actions, sources: root.findings.document.sources,
            warnings: root.findings.sorted(root.findings.warnings))
    }

    private static func inputArguments(_ input: FormulaField?) -> [String] {
        guard let input else { return [] }
        guard input.value.members != nil else {
            input.refuse(allowed: "a mapping with 'args'")
            return []
        }
        input.warnUnknownKeys(["args"], of: "input")
        guard let arguments = input["args"] else { return [] }
        guard let elements = arguments.elements else {
            arguments.refuse(allowed: "a list of variable names, such as [koji_build, arch]")
            return []
        }
        return elements.compactMap { element in
            guard let name = element.text("the name of a variable") else { return nil }
            guard Substitution.isVariableName(name) else {
                element.refuse(allowed: "the name of a variable")
                return nil
            }
            return name
        }
    }

    /// Explains the parse error of an unquoted reference in a flow mapping.
    private static func explained(_ error: InvalidInput, text: String) -> InvalidInput {
        guard error.diagnostics.count == 1, var finding = error.diagnostics.first, finding.message.hasPrefix("YAML: "),
            let line = finding.position?.line
        else { return error }
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        let near = lines.indices.filter { $0 == line - 1 || $0 == line - 2 }.map { lines[$0] }
        if near.contains(where: { $0.contains("${") && $0.contains("{") }) {
            finding.message += "; inside { } and [ ] a reference must be quoted: \"${name}\""
        }
        return InvalidInput([finding])
    }
}
