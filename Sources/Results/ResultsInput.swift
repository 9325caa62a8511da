import AtollPlatform

/// ResultYAML as directives get it: as `results`, or as the name of a `file`.
public enum ResultsInput {
    /// The text; exactly one of both is given. `directory` is what relative names are relative to.
    /// - Throws: `ResultsError` `.directive` for both, none, or a file that cannot be read.
    public static func text(results: String?, file: String?, directory: String, directive: String) throws(ResultsError) -> String {
        switch (results, file) {
        case (let text?, nil): return text
        case (nil, let name?):
            do {
                return try AtomicFile.text(Directories.absolute(name, relativeTo: directory), limit: YAMLDocument.sizeLimit)
            } catch {
                throw ResultsError(.directive, "\(directive): failed to load results: \(error)")
            }
        case (nil, nil): throw ResultsError(.directive, "\(directive) takes results or file; neither is given")
        case (_?, _?): throw ResultsError(.directive, "\(directive) takes results or file; both are given")
        }
    }
}
