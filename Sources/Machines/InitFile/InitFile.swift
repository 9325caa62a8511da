import AtollDocuments
package import AtollModel
import OrderedCollections

/// Init files: YAML or JSON text to `EnvironmentSpec` and back, in four verbs: load, defaults, validate, render.
///
/// Every finding has file, line, column and key path, and one reading reports everything that is wrong. It never looks at
/// the host, never expands a variable (`Expansion` does, at the point of use) and never decides an address (Topology does).
/// What a spec refers to outside itself (templates, files, plugins) is listed by `references`, for others to look up.
///
/// Start with `load`; `Keys` is the one table that decoder and `InitFileSchema` share.
package enum InitFile {
    /// What one reading gave: the parts that could be understood, and everything found.
    package struct Draft: Sendable {
        /// With errors it is only good for looking further: what could not be understood is left at its default.
        package var spec: EnvironmentSpec
        /// Whether there was an init file to look into; else nothing more can be said about it than the errors do.
        package var isRead = true
        /// In file order.
        package var errors: [Diagnostic]
        /// In file order.
        package var warnings: [Diagnostic]

        /// The spec and its warnings; throws `InvalidInput` with all errors when there are any.
        package func checked() throws(InvalidInput) -> (spec: EnvironmentSpec, warnings: [Diagnostic]) {
            guard errors.isEmpty else { throw InvalidInput(errors) }
            return (spec, warnings)
        }
    }

    /// Reads the file at `path`. Throws `InvalidInput` with every error of the file, in file order.
    package static func load(_ path: String) throws(InvalidInput) -> (spec: EnvironmentSpec, warnings: [Diagnostic]) {
        try parse(try source(path), file: path)
    }

    /// Reads init file text; `file` is the name that findings show.
    package static func parse(_ text: String, file: String) throws(InvalidInput) -> (spec: EnvironmentSpec, warnings: [Diagnostic]) {
        try draft(text, file: file).checked()
    }

    /// Like `load`, but with errors as values, for callers that add findings of their own before they give up.
    package static func draft(path: String) -> Draft {
        do throws(InvalidInput) { return draft(try source(path), file: path) } catch {
            return Draft(failed: error, file: path)
        }
    }

    /// Like `parse`, with errors as values.
    package static func draft(_ text: String, file: String) -> Draft {
        do throws(InvalidInput) {
            var (tree, found) = try DocumentReader.readLeniently(text, file: file)
            found += TopLevel.mend(&tree, file: file)
            let (spec, findings) = decode(tree, found, file: file)
            for (path, variant) in tree.variants { findings.add(decode(variant, found, file: file).findings, below: path) }
            return Draft(
                spec: spec ?? EnvironmentSpec(domains: [:], nets: [:], sources: SourceMap(file: file)), isRead: spec != nil,
                errors: findings.sorted(.error), warnings: findings.sorted(.warning))
        } catch {
            return Draft(failed: error, file: file)
        }
    }
}

extension InitFile {
    /// The text of an init file.
    static func source(_ path: String) throws(InvalidInput) -> String {
        try LocatedDocument.readText(
            path: path, kind: "an init file (YAML or JSON)", hint: ", or write one (`init-examples/` has some to copy)")
    }

    private static func decode(_ tree: Tree, _ found: [Diagnostic], file: String) -> (spec: EnvironmentSpec?, findings: Findings) {
        var tree = tree
        let faults = Prototypes.resolve(in: &tree, file: file)
        let findings = Findings(document: Document(tree, file: file))
        findings.add(found + faults)
        return (EnvironmentDecoder(findings: findings).decode(), findings)
    }
}

extension InitFile.Draft {
    init(failed: InvalidInput, file: String) {
        spec = EnvironmentSpec(domains: [:], nets: [:], sources: SourceMap(file: file))
        isRead = false
        errors = failed.diagnostics
        warnings = []
    }
}
