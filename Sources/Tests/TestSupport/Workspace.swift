import Foundation

/// A temporary directory that is removed in deinit.
package final class Workspace: Sendable {
    /// Absolute path, without a trailing slash.
    package let path: String

    package init(_ label: String = "atoll") throws {
        path = NSTemporaryDirectory().trimmingSuffix("/") + "/\(label)-\(UUID().uuidString.prefix(13).lowercased())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes `text` to `name` below the workspace, creating directories, and returns the absolute path.
    @discardableResult
    package func write(_ name: String, _ text: String) throws -> String {
        let file = path + "/" + name
        try FileManager.default.createDirectory(atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        return file
    }
}

extension String {
    func trimmingSuffix(_ suffix: String) -> String { hasSuffix(suffix) ? String(dropLast(suffix.count)) : self }
}
