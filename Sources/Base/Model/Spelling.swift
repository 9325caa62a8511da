/// Spelling suggestions for unknown names.
public enum Spelling {
    /// The closest of `candidates`, or nil if none is close enough. A name in `synonyms` yields its value.
    public static func suggestion(for word: String, among candidates: [String], synonyms: [String: String] = [:]) -> String? {
        let plain = simplified(word)
        if let meant = synonyms[plain], candidates.contains(meant) { return meant }
        var best: (word: String, distance: Int)?
        for candidate in candidates {
            let other = simplified(candidate)
            if other == plain { return candidate }
            let distance = distance(Array(plain.utf8), Array(other.utf8))
            if distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        guard let best, best.distance <= max(1, min(plain.utf8.count, best.word.utf8.count) / 3) else { return nil }
        return best.word
    }

    private static func simplified(_ word: String) -> String { word.lowercased().filter { $0 != "-" && $0 != "_" } }

    /// Damerau-Levenshtein distance (a swap of neighbours counts once); different texts of 64 bytes and more are infinitely far apart.
    public static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        guard a.count < 64, b.count < 64 else { return a == b ? 0 : .max }
        var beforeLast: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var cost = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            beforeLast = last
            last = row
        }
        return last[b.count]
    }
}
