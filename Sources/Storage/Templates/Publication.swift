import AtollDocuments
import AtollClaims
import AtollDiskImages
package import AtollModel
import AtollPlatform
import Foundation
import Glibc
package import OrderedCollections

/// What is to be put into the store, and what is known of it beforehand.
package struct Incoming: Sendable {
    /// Where the bytes come from.
    package enum Origin: Sendable {
        /// Copied from this file.
        case file(String)
        /// Written by `make` to the path it is given; `label` names it in the record. What it returns is added to the metadata. It will take
        /// about `bytes` of disk.
        case made(label: String, bytes: Int64, make: @Sendable (_ path: String) async throws -> OrderedDictionary<String, Value>)
    }
    package var origin: Origin
    /// 40 hex digits that the incoming file must have; nil when nothing is promised.
    package var sha1: String?
    /// 64 hex digits, likewise.
    package var sha256: String?
    package var metadata: OrderedDictionary<String, Value>
    package var recipeDigest: String?

    package init(
        _ origin: Origin, sha1: String? = nil, sha256: String? = nil, metadata: OrderedDictionary<String, Value> = [:],
        recipeDigest: String? = nil
    ) {
        self.origin = origin
        self.sha1 = sha1
        self.sha256 = sha256
        self.metadata = metadata
        self.recipeDigest = recipeDigest
    }
}

extension TemplateStore {
    /// What happens to an image that is in the store already.
    package enum Replacing: Sendable {
        /// It is verified and used.
        case never
        /// It makes way when it is not what it was; else it is used.
        case damaged
        /// It makes way.
        case always
    }

    /// Puts an image into the store, or returns the one that is there under this name. Concurrent calls for one name, in this process or
    /// others, copy once. On any failure nothing of it remains.
    /// - Parameter replacing: whether an image that is there makes way; one that a disk backs on never does.
    /// - Throws: `.hashMismatch`, `.badImage`, `.noSpace`, `.permission`, `.missing`, `.inUse`, `.cancelled`, ….
    @discardableResult
    package func publish(_ name: TemplateName, _ incoming: Incoming, replacing: Replacing = .never, events: Events? = nil) async throws
        -> StoredTemplate
    {
        let lock = try await hold(name, for: "fetching", events: events)
        defer { give(back: lock, of: name) }
        sweepLeftovers(of: name)
        if let present = find(name) {
            do {
                if replacing != .always {
                    if let binding = present.record?.binding, binding == FileBinding(present.path) { return present }
                    return try await rehash(present, events: events)
                }
            } catch let error as TemplateError where error.code == .changed && replacing == .damaged {}
            let scan = try BackingScan(root)
            let users = scan.overlays(on: path(name))
            guard users.isEmpty else {
                throw TemplateError(
                    .inUse, "template \(name) cannot be replaced: \(users.map(\.description).joined(separator: ", ")) back on it")
            }
            try requireFullSight(scan)
        }
        do { return try await bringIn(name, incoming, events: events) } catch {
            sweepLeftovers(of: name)
            if find(name) == nil { for suffix in [".digests", ".metadata", ".hash"] { unlink(path(name) + suffix) } }
            throw translated(error, name)
        }
    }

    /// Puts a local image into the store under this name.
    /// - Throws: `.exists` when there is one.
    @discardableResult
    package func importImage(
        _ file: String, as name: TemplateName, metadata: OrderedDictionary<String, Value> = [:], sha256: String? = nil,
        events: Events? = nil
    ) async throws -> StoredTemplate {
        if find(name) != nil {
            throw TemplateError(
                .exists, "template \(name) is in the store already; remove it first (atoll template remove \(name)) or give another version"
            )
        }
        return try await publish(name, Incoming(.file(file), sha256: sha256, metadata: metadata), events: events)
    }

    private func bringIn(_ name: TemplateName, _ incoming: Incoming, events: Events?) async throws -> StoredTemplate {
        let temporary = "\(path(name)).tmp.\(getpid())"
        let (fetched, raw) = (temporary + ".in", temporary + ".raw")
        var metadata = incoming.metadata
        let source: Digest.Sums
        let label: String
        switch incoming.origin {
        case .file(let file):
            label = file
            // Before the copy: what is refused anyway should not take minutes.
            let header = try await Blocking.run { try ImageHeader.checkStandalone(file) }
            try requireSpace(for: header, copying: true, name: name)
            source = try await Digest.copy(from: file, to: fetched) { events?(.copying(done: $0, total: $1)) }
        case .made(let made, let bytes, let make):
            label = made
            try require(bytes + Self.margin, for: name)
            let added: OrderedDictionary<String, Value>
            do { added = try await make(fetched) } catch let error as PlatformError where error.code == .noSpace {
                throw TemplateError(.noSpace, "\(error.message). \(Self.needs(bytes + Self.margin, directory, name))")
            }
            metadata.merge(added) { _, new in new }
            source = try await Digest.file(fetched) { events?(.verifying(done: $0, total: $1)) }
        }
        try compare(source, incoming, name)
        // The copy is checked again: only it is ours alone.
        let header = try await Blocking.run { try ImageHeader.checkStandalone(fetched) }
        let image: Digest.Sums
        if header.format == .qcow2 {
            try requireSpace(for: header, copying: false, name: name)
            try await QemuImg.convert(fetched, from: .qcow2, to: raw, as: .raw) { events?(.converting($0)) }
            unlink(fetched)
            try await Blocking.run { try flush(raw) }
            image = try await Digest.file(raw) { events?(.verifying(done: $0, total: $1)) }
        } else {
            try SystemCall.check("rename \(fetched)") { rename(fetched, raw) }
            image = source
        }
        try Task.checkCancellation()
        // Rights first: changing them moves the status time.
        if let warning = try ImageAccess.set(raw, for: .template) { events?(.warning(warning)) }
        let now = Date()
        var record = TemplateRecord(
            source: source, image: image, origin: label, added: now, verified: now, recipeDigest: incoming.recipeDigest, binding: nil)
        try AtomicFile.write(ValueJSON.render(.map(metadata)) + "\n", to: path(name) + ".metadata", mode: 0o660)
        try AtomicFile.write(source.sha1, to: path(name) + ".hash", mode: 0o660)
        // Without a binding: should we die right after the rename, the next use hashes the image against this record and binds it.
        try write(record, name: name)
        try SystemCall.check("publish \(path(name))") { rename(raw, path(name)) }
        AtomicFile.flushDirectory(of: path(name))
        record.binding = FileBinding(path(name))
        try write(record, name: name)
        return try show(name)
    }

    private func compare(_ sums: Digest.Sums, _ incoming: Incoming, _ name: TemplateName) throws {
        for (wanted, found, kind) in [(incoming.sha1, sums.sha1, "sha1"), (incoming.sha256, sums.sha256, "sha256")] {
            guard let wanted, wanted.lowercased() != found else { continue }
            throw TemplateError(
                .hashMismatch,
                "Image \(name) does not match the expected hash \(wanted): its \(kind) is \(found). It was damaged on its way, or changed without its"
                    + " hash; nothing was kept. Try again, or get the image and its .hash anew")
        }
    }

    private func requireSpace(for header: ImageHeader, copying: Bool, name: TemplateName) throws {
        var needed = Self.margin
        if copying { needed += min(header.fileSize, DiskSpace.allocated(header.path) ?? header.fileSize) }
        if header.format == .qcow2 { needed += header.dataSize }
        try require(needed, for: name)
    }

    /// What a store keeps free beside an image that comes in.
    private static let margin: Int64 = 64 << 20

    private func require(_ needed: Int64, for name: TemplateName) throws {
        guard let free = freeBytes(directory), free < needed else { return }
        throw TemplateError(
            .noSpace, "there is no room for template \(name): \(ByteSize(free)) are free. \(Self.needs(needed, directory, name))")
    }

    private static func needs(_ bytes: Int64, _ directory: String, _ name: TemplateName) -> String {
        "It needs about \(ByteSize(bytes)) in the store \(directory). Free some: atoll template gc, or name another store with --template-store"
    }

    /// Errors of the rooms below, with the template's name before them.
    private func translated(_ error: any Error, _ name: TemplateName) -> any Error {
        switch error {
        case let error as TemplateError: return error
        case let error as PlatformError where error.errno == ENOENT:
            return TemplateError(.missing, "template \(name) cannot be fetched: \(error.message); it vanished, or was never there")
        case let error as PlatformError: return explain(error)
        case let error as DiskImageError:
            let code: TemplateError.Code =
                switch error.code {
                case .missing: .missing
                case .wrongFormat, .damaged, .refersElsewhere: .badImage
                case .permission: .permission
                case .noSpace: .noSpace
                case .cancelled: .cancelled
                case .toolMissing, .toolFailed, .io: .io
                }
            return TemplateError(code, "template \(name) cannot be used: \(error.message)")
        case is CancellationError: return TemplateError(.cancelled, "fetching template \(name) was interrupted; nothing of it was kept")
        default: return TemplateError(.buildFailed, "template \(name) could not be made: \(error)")
        }
    }

    private func flush(_ path: String) throws {
        let descriptor = try SystemCall.check("flush \(path)") { open(path, O_RDONLY | O_CLOEXEC) }
        defer { close(descriptor) }
        try SystemCall.check("flush \(path)") { fsync(descriptor) }
    }
}
