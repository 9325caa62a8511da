import Foundation

/// The CI job that a run belongs to: `--jobid BUILDER/BUILD`.
package struct CIJob: Sendable, Equatable {
    /// Value of `--jobid` if it is not given.
    package static let unsaid = "-1"

    package var builder: String
    /// Build number.
    package var build: String

    /// Parses BUILDER/NUMBER; nil for anything else.
    package init?(_ jobid: String) {
        let parts = jobid.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        (builder, build) = (parts[0], parts[1])
    }

    /// - Parameter master: `taskotron_master`, without a trailing slash.
    package func url(master: String) -> String { "\(master)/builders/\(Self.escaped(builder))/builds/\(build)" }

    /// URL of the log of the step that ran the task.
    package func logURL(master: String, step: String) -> String { "\(url(master: master))/steps/\(Self.escaped(step))/logs/stdio" }

    /// Percent-encodes one path component.
    private static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed.subtracting(CharacterSet(charactersIn: "/"))) ?? text
    }
}
