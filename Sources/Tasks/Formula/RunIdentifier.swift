package import Foundation

/// Generation and validation of run IDs, which name the artifacts, the VM and the group of results of a run.
package enum RunIdentifier {
    /// Maximum length of a run ID, the limit of ResultsDB servers.
    package static let maximumLength = 36

    /// `20260101_120000_123456`: UTC, with microseconds.
    package static func make(at date: Date) -> String {
        let microseconds = Int((date.timeIntervalSince1970 * 1_000_000).rounded())
        var (seconds, fraction) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        if fraction < 0 { (seconds, fraction) = (seconds - 1, fraction + 1_000_000) }
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        func padded(_ number: Int32, _ width: Int) -> String { padded(Int(number), width) }
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let day = padded(parts.tm_year + 1900, 4) + padded(parts.tm_mon + 1, 2) + padded(parts.tm_mday, 2)
        let clock = padded(parts.tm_hour, 2) + padded(parts.tm_min, 2) + padded(parts.tm_sec, 2)
        return "\(day)_\(clock)_\(padded(fraction, 6))"
    }

    /// Whether the text is a valid run ID.
    package static func isUsable(_ name: String) -> Bool {
        guard let first = name.utf8.first, isLetterOrDigit(first), name.utf8.count <= maximumLength else { return false }
        return name.utf8.allSatisfy { isLetterOrDigit($0) || "._-".utf8.contains($0) }
    }

    /// IDs of runs that are started together: `base` for one, else `base-1`, `base-2`, …
    /// - Throws: if the longest ID is too long.
    package static func names(_ base: String, count: Int) throws(UsageError) -> [String] {
        guard count > 1 else { return [base] }
        let room = maximumLength - "-\(count)".utf8.count
        guard base.utf8.count <= room else {
            throw UsageError([
                "--uuid '\(base)' is too long for \(count) runs with the suffixes -1 to -\(count): expected at most \(room) characters"
            ])
        }
        return (1...count).map { "\(base)-\($0)" }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
