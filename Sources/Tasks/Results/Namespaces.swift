import AtollModel
package import OrderedCollections

/// Who may post results under which names (`namespaces.yaml`): a checkname belongs to the namespace N when it begins with `N.`.
package struct Namespaces: Sendable, Equatable {
    /// Anybody may post into these.
    package var safe: [String]
    /// Only tasks cloned from these places may post into those.
    package var whitelist: OrderedDictionary<String, [String]>

    package init(safe: [String] = ["scratch"], whitelist: OrderedDictionary<String, [String]> = [:]) {
        self.safe = safe
        self.whitelist = whitelist
    }

    /// Reads the file's text; `name` is what errors call it. An empty text is the defaults.
    /// - Throws: `ResultsError` `.value`, with the line.
    package init(parsing text: String, name: String = "namespaces.yaml") throws(ResultsError) {
        self.init()
        guard let root = try YAMLDocument.parse(text, name: name), !root.isNull else { return }
        guard case .map(let members) = root.content else {
            throw ResultsError(
                .value, "\(name): a mapping with namespaces_safe and namespaces_whitelist is expected, not \(root.value.kind)")
        }
        func texts(_ value: LocatedValue, _ what: String) throws(ResultsError) -> [String] {
            if value.isNull { return [] }
            guard case .list(let elements) = value.content else {
                throw ResultsError(.value, "\(name), line \(value.line): \(what) is a list, not \(value.value.kind)")
            }
            var result: [String] = []
            for element in elements {
                guard let text = element.spelling ?? element.value.text, !text.isEmpty else {
                    throw ResultsError(.value, "\(name), line \(element.line): \(what) lists texts, not \(element.value.kind)")
                }
                result.append(text)
            }
            return result
        }
        if let value = members["namespaces_safe"] { safe = try texts(value, "namespaces_safe") }
        if let value = members["namespaces_whitelist"], !value.isNull {
            guard case .map(let entries) = value.content else {
                throw ResultsError(.value, "\(name), line \(value.line): namespaces_whitelist is a mapping, not \(value.value.kind)")
            }
            for (namespace, origins) in entries { whitelist[namespace] = try texts(origins, "the whitelist of \(namespace)") }
        }
    }

    /// Whether results named `checkname` may be posted by a task whose clone has this origin (nil: none).
    /// - Throws: `ResultsError` `.namespace`, saying what would be allowed.
    package func check(checkname: String, origin: String?) throws(ResultsError) {
        if safe.contains(where: { checkname.hasPrefix($0 + ".") }) { return }
        let matching = whitelist.filter { checkname.hasPrefix($0.key + ".") }
        guard let namespace = matching.keys.max(by: { $0.count < $1.count }) else {
            let known = (safe + whitelist.keys).joined(separator: ", ")
            throw ResultsError(
                .namespace, "'\(checkname)' is in no namespace of namespaces.yaml; known are: \(known.isEmpty ? "none" : known)")
        }
        guard let origin else {
            throw ResultsError(
                .namespace,
                "this task is not allowed to post into namespace \(namespace): only clones of listed repositories are, and its directory has no"
                    + " git remote 'origin'")
        }
        guard matching.values.contains(where: { $0.contains { Namespaces.covers($0, origin) } }) else {
            throw ResultsError(
                .namespace,
                "this task is not allowed to post into namespace \(namespace): its origin \(GitOrigin.withoutCredentials(origin)) is none of"
                    + " \((whitelist[namespace] ?? []).joined(separator: ", "))")
        }
    }

    /// Whether an origin is the listed place or below it. Part by part: `…/task-evil` is not below `…/task`, and nothing with `..` is.
    static func covers(_ listed: String, _ origin: String) -> Bool {
        guard origin.hasPrefix(listed), !listed.isEmpty, !origin.split(separator: "/").contains("..") else { return false }
        let rest = origin.dropFirst(listed.count)
        return listed.hasSuffix("/") || rest.isEmpty || rest.hasPrefix("/") || rest == ".git" || rest == ".git/"
    }
}
