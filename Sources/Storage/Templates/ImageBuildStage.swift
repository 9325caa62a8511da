import AtollModel
import AtollPlatform
import Foundation
import Glibc

/// The temporary directory of one build: the recipe's layers, the hooks, apt's sources and the disk image that grows there.
///
/// mmdebstrap run by an ordinary user works as another user id, so everything here can be read by whoever knows the
/// directory's random name, and the disk image can be written; the build alone runs in it.
///
/// It is held by a lock as long as this process lives; the next build takes away those that nobody holds.
struct ImageBuildStage: Sendable {
    let directory: String
    /// nil where the filesystem has no locks.
    private let hold: DirectoryHold?
    let recipe: ImageRecipe
    var disk: String { directory + "/disk.raw" }
    /// Where the only partition starts, in bytes.
    static let offset: Int64 = 1 << 20

    init(_ recipe: ImageRecipe) throws {
        self.recipe = recipe
        (directory, hold) = try Self.make(in: Self.base)
        do { try fill() } catch {
            remove()
            throw error
        }
    }

    /// Where stages are made.
    static var base: String { Directories.real(ProcessInfo.processInfo.environment["TMPDIR"] ?? "/var/tmp") }
    private static let stem = "atoll-build-"
    /// By this file, which has the stage's own path in it, a stage is told from a directory of somebody else's with such a name.
    private static let markName = ".atoll-stage"

    private static func make(in base: String) throws -> (String, DirectoryHold?) {
        var mayRepeat = true
        while true {
            var template = Array("\(base)/\(stem)XXXXXX".utf8CString)
            guard let path = mkdtemp(&template).map({ String(cString: $0) }) else {
                throw SystemCall.failure("make a directory in \(base)")
            }
            // Another process's sweep may have taken it before it was held; or there are no locks here.
            let hold = DirectoryHold(path)
            if SystemCall.exists(path), hold != nil || !mayRepeat {
                try AtomicFile.write(path, to: path + "/" + markName, mode: 0o600)
                return (path, hold)
            }
            rmdir(path)
            mayRepeat = false
        }
    }

    /// Takes away the stages whose process was killed, with what still runs in them and is mounted there. Those of others stay.
    /// - Parameter dryRun: only says which.
    /// - Returns: the directories.
    @discardableResult
    static func sweep(in base: String = Self.base, dryRun: Bool = false) -> [String] {
        ((try? Directories.list(base)) ?? []).filter { $0.hasPrefix(stem) && $0.utf8.count == stem.utf8.count + 6 }.compactMap { name in
            let path = "\(base)/\(name)"
            guard let hold = DirectoryHold(path), isMarked(path) else { return nil }
            return withExtendedLifetime(hold) { dryRun || clear(path) } ? path : nil
        }
    }

    private static func isMarked(_ path: String) -> Bool {
        let mark = path + "/" + markName
        guard let status = SystemCall.linkStatus(mark), status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid() else { return false }
        return (try? AtomicFile.text(mark, limit: 4096)) == path
    }

    /// - Throws: `.noSpace` with what is needed where, before anything is made.
    static func requireRoom(for recipe: ImageRecipe, free: (String) -> Int64?) throws {
        guard let there = free(base), there < recipe.stageBytes else { return }
        throw TemplateError(
            .noSpace, "there is no room to build template \(recipe.name): \(ByteSize(there)) are free in \(base). \(needs(recipe))")
    }

    /// For a build that ran out of room in its stage.
    static func needs(_ recipe: ImageRecipe) -> String {
        "The build needs about \(ByteSize(recipe.stageBytes)) there. Free some: atoll template gc; or let it work elsewhere: TMPDIR=DIRECTORY"
            + " atoll template build \(recipe.name)"
    }

    /// Ends what the build may have left running, takes off what it left mounted, then removes the directory. Blocks for seconds when the
    /// build was cut short.
    func remove() { Self.clear(directory) }

    @discardableResult
    private static func clear(_ directory: String) -> Bool {
        ImageBuildProcesses(stage: directory).end()
        Mounts.detach(below: directory)
        return (try? Directories.removeTree(directory)) != nil
    }

    private func fill() throws {
        try SystemCall.check("set the mode of \(directory)") { chmod(directory, 0o711) }
        try Directories.make(directory + "/layers")
        for (index, layer) in recipe.layerDirectories.enumerated() {
            let number = index < 10 ? "0\(index)" : "\(index)"
            try copy(layer, to: "\(directory)/layers/\(number)-\(layer.split(separator: "/").last ?? "layer")")
        }
        try copy(recipe.images + "/hooks", to: directory + "/hooks")
        try AtomicFile.write(recipe.prune.map { $0 + "\n" }.joined(), to: directory + "/prune")
        try AtomicFile.write(bootMenu, to: directory + "/extlinux.conf")
        try writeDisk()
    }

    private func copy(_ source: String, to target: String) throws {
        do { try FileManager.default.copyItem(atPath: Directories.real(source), toPath: target) } catch {
            throw TemplateError(.buildFailed, "cannot copy \(source): \(error.localizedDescription)")
        }
    }

    /// Boots at once. /vmlinuz and /initrd.img are the links that Debian's kernel packages maintain.
    private var bootMenu: String {
        "DEFAULT linux\nPROMPT 0\nTIMEOUT 0\nLABEL linux\n  LINUX /vmlinuz\n  INITRD /initrd.img\n  APPEND rw \(recipe.kernelArguments)\n"
    }

    /// A sparse disk with one active partition and the boot code of syslinux.
    private func writeDisk() throws {
        let sector = try Self.bootSector(code: Self.bootCode(), diskBytes: recipe.diskSize.bytes)
        let descriptor = try SystemCall.check("create \(disk)") { open(disk, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
        defer { close(descriptor) }
        try SystemCall.check("set the mode of \(disk)") { fchmod(descriptor, 0o666) }
        try SystemCall.check("size \(disk)") { ftruncate(descriptor, off_t(recipe.diskSize.bytes)) }
        try SystemCall.check("write \(disk)") { pwrite(descriptor, sector, sector.count, 0) }
    }

    /// The master boot record's program, from the host's syslinux; 440 bytes at most.
    static func bootCode() throws -> [UInt8] {
        let places = ["/usr/lib/EXTLINUX/mbr.bin", "/usr/lib/syslinux/mbr/mbr.bin", "/usr/share/syslinux/mbr.bin"]
        guard let place = places.first(where: SystemCall.exists) else {
            throw TemplateError(
                .buildFailed, "no boot code for disks is installed (looked for \(places.joined(separator: ", "))); run scripts/setup")
        }
        return try AtomicFile.read(place, limit: 440)
    }

    /// 512 bytes: boot code and a table with one active Linux partition from 1 MiB to the end.
    static func bootSector(code: [UInt8], diskBytes: Int64) throws -> [UInt8] {
        guard code.count <= 440 else { throw TemplateError(.buildFailed, "the boot code is longer than 440 bytes") }
        var sector = code + [UInt8](repeating: 0, count: 512 - code.count)
        let start = UInt32(offset / 512)
        let count = UInt32(clamping: diskBytes / 512) - start
        // Active; the old geometry fields say "use the sector numbers"; type Linux.
        sector.replaceSubrange(446..<454, with: [0x80, 0xfe, 0xff, 0xff, 0x83, 0xfe, 0xff, 0xff])
        for (index, value) in [start, count].enumerated() {
            let place = 454 + 4 * index
            sector.replaceSubrange(place..<place + 4, with: (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) })
        }
        sector[510] = 0x55
        sector[511] = 0xaa
        return sector
    }

    /// What the hooks read.
    var environment: [String: String] {
        [
            "TMPDIR": directory, "ATOLL_STAGE": directory, "ATOLL_DISK": disk, "ATOLL_OFFSET": String(Self.offset),
            "ATOLL_KIB": String((recipe.diskSize.bytes - Self.offset) / 1024),
        ]
    }
}

/// A lock on a directory of ours, as long as this lives: by it others tell the directory from one that was left behind. A process id would
/// not do, since processes in other namespaces share the directory.
final class DirectoryHold: Sendable {
    private let descriptor: Int32

    /// nil when somebody else has it, or it is another user's.
    init?(_ path: String) {
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        // Where a filesystem has no locks, nobody's directory is taken for a left one.
        guard fstat(descriptor, &status) == 0, status.st_uid == geteuid(), flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return nil }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}
