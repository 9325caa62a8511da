import AtollDocuments
package import AtollClaims
import AtollDiskImages
import AtollModel
package import AtollPlatform
import Foundation
import Glibc
import OrderedCollections

/// The directory of verified raw template images (spec 4.4): `repo:template:version` and beside it `.hash` (sha1 of what was fetched, as
/// Lago writes it), `.metadata`, `.digests` (ours: both sums of both files, and what the image is bound to) and `.lock`.
///
/// One flock per template: whoever fetches, verifies or removes holds it.
package struct TemplateStore: Sendable {
    /// Absolute path.
    package let directory: String
    /// Where overlays are looked for.
    package let root: StateRoot
    /// How long to wait for another process that works on the same template.
    package var patience: Duration = .seconds(3600)
    /// Bytes free for the store; tests put a number here.
    package var freeBytes: @Sendable (String) -> Int64? = { DiskSpace.available($0) }

    /// - Parameter directory: `root.store` when nil.
    package init(root: StateRoot, directory: String? = nil) {
        self.root = root
        self.directory = directory ?? root.store
    }

    /// Called with what is going on; from any thread.
    package typealias Events = @Sendable (TemplateEvent) -> Void

    /// Where the image of this template is.
    package func path(_ name: TemplateName) -> String { "\(directory)/\(name)" }

    /// The template, or nil when it is not in the store. Nothing is verified.
    package func find(_ name: TemplateName) -> StoredTemplate? {
        let path = path(name)
        guard let status = SystemCall.status(path) else { return nil }
        return StoredTemplate(
            name: name, path: path, metadata: metadata(name), record: record(name), virtualSize: Int64(status.st_size),
            realSize: Int64(status.st_blocks) * 512)
    }

    /// The template.
    /// - Throws: `.missing` when it is not in the store, with what is.
    package func show(_ name: TemplateName) throws -> StoredTemplate {
        if let found = find(name) { return found }
        let others = try list().map(\.name.description)
        let hint = Spelling.suggestion(for: name.description, among: others).map { "; did you mean \($0)?" } ?? ""
        throw TemplateError(
            .missing,
            "template \(name) is not in the store \(directory)\(hint)\n"
                + (others.isEmpty ? "the store is empty" : "in the store: \(others.joined(separator: ", "))"))
    }

    /// All templates in the store, by name.
    package func list() throws -> [StoredTemplate] {
        do {
            return try Directories.list(directory).compactMap { name in
                guard let template = TemplateName(name), !name.contains(".tmp.") else { return nil }
                return find(template)
            }.sorted { $0.name < $1.name }
        } catch let error as PlatformError { throw explain(error) }
    }

    /// All templates, each with the disks that lie on it, at any depth; and what could not be looked at.
    package func listWithDependants() throws -> (templates: [(template: StoredTemplate, usedBy: [Dependant])], unreadable: [String]) {
        let scan = try BackingScan(root)
        return (try list().map { ($0, scan.overlays(on: $0.path)) }, scan.unreadable)
    }

    /// The disks that lie on this template, directly or through images in between.
    package func dependants(of name: TemplateName) throws -> [Dependant] { try BackingScan(root).overlays(on: path(name)) }

    /// Holds the template's lock, so that it is neither removed nor replaced meanwhile: keep it while an overlay is being made.
    package func hold(_ name: TemplateName, for purpose: String, events: Events? = nil) async throws -> FileLock {
        do {
            // Said in this room's words: the store need not be below the state root.
            if SystemCall.isDirectory(directory), access(directory, R_OK | W_OK | X_OK) != 0 {
                throw SystemCall.failure("write the template store \(directory)")
            }
            try StateRoot.makeShared(directory).forEach { events?(.warning($0)) }
            let since = Date().formatted(.iso8601)
            return try await FileLock.acquire(
                path(name) + ".lock", note: "pid \(getpid()), \(purpose), since \(since)", patience: patience
            ) { holder in events?(.waiting(holder: holder)) }
        } catch let error as PlatformError { throw explain(error) } catch let error as ClaimError {
            throw TemplateError(error.code == .permission ? .permission : .io, error.message)
        }
    }

    /// Gives the lock up; its file goes too when there is no such template (any more).
    func give(back lock: FileLock, of name: TemplateName) { if find(name) == nil { lock.releaseAndRemove() } else { lock.release() } }

    /// Makes sure that the image is the one that was verified: a look at inode, size and times, and a whole rehash when one of them moved.
    /// An image that another tool put here is hashed and bound on first use.
    /// - Throws: `.changed` when the bytes are not those that were verified; `.missing`.
    @discardableResult
    package func ensureBound(_ name: TemplateName, events: Events? = nil) async throws -> StoredTemplate {
        let template = try show(name)
        if let binding = template.record?.binding, binding == FileBinding(template.path) { return template }
        let lock: FileLock?
        do { lock = try await hold(name, for: "verifying", events: events) } catch let error as TemplateError
            where error.code == .permission
        {
            // Who may not write the store cannot hold it, and may still look.
            lock = nil
        }
        defer { if let lock { give(back: lock, of: name) } }
        let again = try show(name)
        if let binding = again.record?.binding, binding == FileBinding(again.path) { return again }
        return try await rehash(again, events: events)
    }

    /// Hashes the whole image again.
    /// - Throws: `.changed` when it is not what was verified before.
    @discardableResult
    package func verify(_ name: TemplateName, events: Events? = nil) async throws -> StoredTemplate {
        let lock = try await hold(name, for: "verifying", events: events)
        defer { give(back: lock, of: name) }
        return try await rehash(try show(name), events: events)
    }

    /// Removes a template and all its files.
    /// - Throws: `.inUse` naming every dependant; `.missing`.
    package func remove(_ name: TemplateName, events: Events? = nil) async throws {
        _ = try show(name)
        let lock = try await hold(name, for: "removing", events: events)
        defer { give(back: lock, of: name) }
        _ = try show(name)
        let scan = try BackingScan(root)
        let users = scan.overlays(on: path(name))
        guard users.isEmpty else {
            let names = users.map { $0.prefix == nil ? $0.overlay : "\($0.overlay) (environment \($0.description))" }
            throw TemplateError(
                .inUse,
                "template \(name) is in use by \(names.joined(separator: ", ")). Destroy what is not needed (atoll destroy), then remove it again"
            )
        }
        try requireFullSight(scan)
        removeFiles(name)
    }

    /// Removes every template that no overlay backs on; those being worked on are left out.
    /// - Parameter dryRun: only tell.
    /// - Returns: what was (or would be) removed.
    @discardableResult
    package func collect(dryRun: Bool) async throws -> [StoredTemplate] {
        var collected: [StoredTemplate] = []
        for template in try list() {
            let scan = try BackingScan(root)
            guard scan.overlays(on: template.path).isEmpty else { continue }
            try requireFullSight(scan)
            if dryRun {
                collected.append(template)
                continue
            }
            guard let lock = try FileLock.attempt(template.path + ".lock", note: "pid \(getpid()), removing") else { continue }
            defer { give(back: lock, of: template.name) }
            // An overlay may have come while the lock was not ours.
            let again = try BackingScan(root)
            guard again.overlays(on: template.path).isEmpty else { continue }
            try requireFullSight(again)
            removeFiles(template.name)
            collected.append(template)
        }
        return collected
    }

    func requireFullSight(_ scan: BackingScan) throws {
        guard let first = scan.unreadable.first else { return }
        throw TemplateError(
            .inUse,
            "nothing was removed: it cannot be seen what backs on the template, because of \(first)"
                + (scan.unreadable.count > 1 ? " and \(scan.unreadable.count - 1) more" : "") + ". Run it as who may look there, or as root"
        )
    }

    private func removeFiles(_ name: TemplateName) {
        // The image first: what is left then is no template.
        for suffix in ["", ".digests", ".metadata", ".hash"] { unlink(path(name) + suffix) }
        sweepLeftovers(of: name)
        AtomicFile.flushDirectory(of: path(name))
    }

    /// Removes unfinished files of killed processes. Only under the template's lock, when nobody else can be writing them.
    func sweepLeftovers(of name: TemplateName) {
        for file in (try? Directories.list(directory)) ?? [] where file.hasPrefix("\(name).tmp.") { unlink(directory + "/" + file) }
    }

    /// For a caller that holds the lock.
    func rehash(_ template: StoredTemplate, events: Events?) async throws -> StoredTemplate {
        var template = template
        let before = FileBinding(template.path)
        let sums: Digest.Sums
        do { sums = try await Digest.file(template.path) { events?(.verifying(done: $0, total: $1)) } } catch let error as PlatformError {
            throw explain(error)
        }
        guard before == FileBinding(template.path) else {
            throw TemplateError(.changed, "template \(template.name) was written to while it was verified: \(template.path)")
        }
        var record: TemplateRecord
        if let known = template.record {
            guard known.image == sums else {
                let moved = known.binding.flatMap { old in before.map { " (\(old.difference(from: $0)))" } } ?? ""
                throw TemplateError(
                    .changed,
                    "template \(template.name) changed since it was verified\(moved): \(template.path) has sha256 \(sums.sha256), expected"
                        + " \(known.image.sha256)", remedy: "Remove it and fetch it again: atoll template remove \(template.name)")
            }
            record = known
        } else {
            events?(.warning("template \(template.name) came without our digests; it is taken as it is now, sha256 \(sums.sha256)"))
            record = TemplateRecord(source: sums, image: sums, origin: "found in the store", added: Date(), verified: Date())
        }
        record.verified = Date()
        record.binding = before
        do { try write(record, name: template.name) } catch let error as PlatformError where error.code == .permission {
            events?(.warning("the verification of \(template.name) could not be noted, and will be repeated: \(error)"))
        }
        template.record = record
        return template
    }

    // MARK: Files beside the image

    func record(_ name: TemplateName) -> TemplateRecord? {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return (try? AtomicFile.read(path(name) + ".digests", limit: 1 << 16)).flatMap {
            try? decoder.decode(TemplateRecord.self, from: Data($0))
        }
    }

    func write(_ record: TemplateRecord, name: TemplateName) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        try AtomicFile.write(try encoder.encode(record) + Data("\n".utf8), to: path(name) + ".digests", mode: 0o660)
    }

    private func metadata(_ name: TemplateName) -> OrderedDictionary<String, Value> {
        (try? ValueJSON.parse(AtomicFile.text(path(name) + ".metadata", limit: 1 << 20)).members) ?? [:]
    }

    /// The error of a lower room in this room's words.
    func explain(_ error: PlatformError) -> TemplateError {
        switch error.code {
        case .permission:
            TemplateError(
                .permission,
                directory == root.store
                    ? "\(error.message); join group libvirt (sudo usermod -aG libvirt $USER, then log in again), or name a store of your own with"
                        + " --template-store DIRECTORY"
                    : "\(error.message); make it writable for you, or name another store with --template-store DIRECTORY"
            )
        case .noSpace: TemplateError(.noSpace, "\(error.message); free some space: atoll template gc")
        case .locked: TemplateError(.busy, error.message)
        case .cancelled: TemplateError(.cancelled, error.message)
        default: TemplateError(.io, error.message)
        }
    }
}
