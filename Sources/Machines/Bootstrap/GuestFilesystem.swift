/// The mounted filesystem of a guest that is off, as far as preparing it needs one. Paths are absolute in the guest.
protocol GuestFilesystem {
    /// What is at `path`, a link itself not followed; nil when nothing is.
    func status(_ path: String) throws -> GuestFileStatus?
    /// The file's whole content.
    func read(_ path: String) throws -> [UInt8]
    /// Paths that match a pattern with `*` and `?`.
    func glob(_ pattern: String) throws -> [String]
    /// Removes a file or a whole tree; nothing there is no error.
    func remove(_ path: String) throws
    /// Puts all of these in place at once, making directories above them; what is there is replaced.
    func install(_ files: [GuestFile]) throws
    /// Gives these paths the labels of the guest's own policy; false when the appliance cannot.
    func relabel(_ paths: [String], policy: String) throws -> Bool
}

/// What `lstat` says.
struct GuestFileStatus: Sendable, Equatable {
    enum Kind: Sendable { case file, directory, link, other }
    var kind: Kind
    /// Permission bits.
    var mode: UInt32
    var owner: UInt32
    var group: UInt32

    init(kind: Kind, mode: UInt32, owner: UInt32, group: UInt32) {
        self.kind = kind
        self.mode = mode
        self.owner = owner
        self.group = group
    }
}

extension GuestFilesystem {
    func exists(_ path: String) throws -> Bool { try status(path) != nil }

    /// Whether anything is at this path, or matches this pattern.
    func matches(_ pattern: String) throws -> Bool { pattern.isPattern ? try !glob(pattern).isEmpty : try exists(pattern) }

    /// The text of a regular file; nil for anything else.
    func text(_ path: String) throws -> String? {
        guard try status(path)?.kind == .file else { return nil }
        return String(decoding: try read(path), as: UTF8.self)
    }
}

extension String {
    var isPattern: Bool { contains("*") || contains("?") }
}
