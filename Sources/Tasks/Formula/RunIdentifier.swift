package import Foundation

/// The name of a run: of its artifacts, its VM and its group of results.
package enum RunIdentifier {
    /// Result servers keep no longer ones.
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

    /// Whether files, VMs and results can have that name.
    package static func isUsable(_ name: String) -> Bool {
        guard let first = name.utf8.first, isLetterOrDigit(first), name.utf8.count <= maximumLength else { return false }
        return name.utf8.allSatisfy { isLetterOrDigit($0) || "._-".utf8.contains($0) }
    }

    /// The names of runs that are started together: `base` alone for one, else with `-1`, `-2` and so on.
    /// - Throws: when the longest of them could not name files.
    package static func names(_ base: String, count: Int) throws(UsageError) -> [String] {
        guard count > 1 else { return [base] }
        let room = maximumLength - "-\(count)".utf8.count
        guard base.utf8.count <= room else {
            throw UsageError([
                "--uuid: \"\(base)\" is too long for \(count) runs, which get -1 to -\(count) after it: at most \(room) characters"
            ])
        }
        return (1...count).map { "\(base)-\($0)" }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
