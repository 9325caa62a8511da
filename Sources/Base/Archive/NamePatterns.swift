import Glibc

/// Patterns as a shell has them: each for a name anywhere in a tree (`.git`, `*.o`) or, with a slash that is not its last character, for a
/// path below the tree's root (`build/*.log`, `/core`).
struct NamePatterns: Sendable {
    private let names: [String]
    private let paths: [String]

    init(_ patterns: [String]) {
        let trimmed = patterns.map { pattern in
            let pattern = pattern.hasPrefix("./") ? pattern.dropFirst() : pattern[...]
            return pattern.hasSuffix("/") ? pattern.dropLast() : pattern
        }
        names = trimmed.filter { !$0.contains("/") }.map(String.init)
        paths = trimmed.filter { $0.contains("/") }.map { String($0.hasPrefix("/") ? $0.dropFirst() : $0) }
    }

    /// Whether one of them is that of a path below the root, in bytes. The root itself is the empty path and no pattern's.
    func hold(_ path: [UInt8]) -> Bool {
        guard !path.isEmpty, !(names.isEmpty && paths.isEmpty) else { return false }
        let whole = path.map { CChar(bitPattern: $0) } + [0]
        let last = path[((path.lastIndex(of: UInt8(ascii: "/")) ?? -1) + 1)...].map { CChar(bitPattern: $0) } + [0]
        return names.contains { fnmatch($0, last, FNM_PATHNAME) == 0 } || paths.contains { fnmatch($0, whole, FNM_PATHNAME) == 0 }
    }
}
