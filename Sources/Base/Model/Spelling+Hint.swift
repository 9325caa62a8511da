extension Spelling {
    /// `; did you mean `memory`?`, or nothing.
    package static func hint(for word: String, among candidates: [String], synonyms: [String: String] = [:]) -> String {
        suggestion(for: word, among: candidates, synonyms: synonyms).map { "; did you mean `\($0)`?" } ?? ""
    }
}
