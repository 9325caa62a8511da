/// One thing to put into a guest: a file, a directory or a symbolic link, with its owner and mode.
package struct GuestFile: Sendable, Equatable {
    package enum Content: Sendable, Equatable {
        case file([UInt8])
        case directory
        case link(to: String)
    }
    /// Absolute, without `.` or `..`.
    package var path: String
    package var content: Content
    /// Permission bits.
    package var mode: UInt32
    package var owner: UInt32
    package var group: UInt32

    package init(_ path: String, _ content: Content, mode: UInt32, owner: UInt32 = 0, group: UInt32 = 0) {
        self.path = path
        self.content = content
        self.mode = mode
        self.owner = owner
        self.group = group
    }

    /// A text file of root's.
    package static func text(_ path: String, _ text: String, mode: UInt32 = 0o644) -> GuestFile {
        GuestFile(path, .file(Array(text.utf8)), mode: mode)
    }
    package static func directory(_ path: String, mode: UInt32 = 0o755) -> GuestFile { GuestFile(path, .directory, mode: mode) }
    package static func link(_ path: String, to target: String) -> GuestFile { GuestFile(path, .link(to: target), mode: 0o777) }

    /// The content as text; nil for what is no file.
    package var text: String? {
        if case .file(let bytes) = content { String(decoding: bytes, as: UTF8.self) } else { nil }
    }
}

extension GuestFile: CustomStringConvertible, CustomReflectable {
    /// Path, mode and size: contents may be private keys.
    package var description: String {
        let what =
            switch content {
            case .file(let bytes): "\(bytes.count) bytes"
            case .directory: "directory"
            case .link(let target): "-> \(target)"
            }
        return "\(path) (\(String(mode, radix: 8)), \(what))"
    }
    package var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}
