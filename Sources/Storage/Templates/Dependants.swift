import AtollDocuments
import AtollClaims
import AtollDiskImages
import AtollModel
import AtollPlatform

/// A disk that backs on a template, directly or through images in between.
package struct Dependant: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The disk.
    package var overlay: String
    /// The prefix directory; nil when no registered prefix owns the overlay.
    package var prefix: String?
    /// 32 hex digits, where known.
    package var uuid: String?

    /// The prefix, else the overlay.
    package var description: String { prefix ?? overlay }
    package static func < (a: Dependant, b: Dependant) -> Bool { a.overlay < b.overlay }
}

/// Who backs on what, read from the headers of every disk of every prefix, down to the last layer: nothing that was recorded can be out
/// of date. The disks are the images that `init` made and those that a prefix uses where they are.
struct BackingScan {
    /// Real path of a layer to the disks that lie on it, at any depth.
    private(set) var dependants: [String: [Dependant]] = [:]
    /// What could not be looked at, and so may back on anything.
    private(set) var unreadable: [String] = []
    private var seen: Set<String> = []
    /// Headers that were read: most disks lie on the same few images.
    private var parents: [String: Parent?] = [:]

    /// What an image names as the one below it.
    private struct Parent {
        var path: String
        /// Nothing lies under one that is used as raw, whatever its guest wrote into its first sector.
        var isRaw: Bool
    }

    /// More layers than anybody stacks: a chain of links to itself ends here.
    private static let depthLimit = 100

    init(_ root: StateRoot) throws {
        let (entries, warnings) = try PrefixRegistry(root).list()
        unreadable = warnings
        var directories: [(path: String, entry: RegisteredPrefix?)] = []
        for entry in entries {
            if let id = entry.id { directories.append((root.images(of: id), entry)) }
            directories.append((entry.path + "/images", entry))
        }
        // Images whose registry entry was lost still count.
        for name in (try? Directories.list(root.images)) ?? [] { directories.append((root.images + "/" + name, nil)) }
        // What a machine uses as raw has no layer below it, whatever its guest wrote into its first sector.
        let saved = entries.flatMap { entry in savedDisks(of: entry).map { (disk: $0, entry: entry) } }
        for (disk, _) in saved where disk.isRaw { parents[Directories.real(disk.path)] = .some(nil) }
        for (directory, entry) in directories where seen.insert(Directories.real(directory)).inserted {
            for name in names(in: directory) { follow(directory + "/" + name, entry) }
        }
        for (disk, entry) in saved { follow(disk.path, entry) }
        for (path, overlays) in dependants { dependants[path] = overlays.sorted() }
    }

    private mutating func names(in directory: String) -> [String] {
        do { return try Directories.list(directory) } catch {
            // A prefix that is gone has no disks; one behind a closed door may have.
            if (error as? PlatformError)?.code == .permission { unreadable.append("\(directory): \(error)") }
            return []
        }
    }

    /// Where the saved machines of a prefix say that their disks are: not all of them are among its images.
    private mutating func savedDisks(of entry: RegisteredPrefix) -> [(path: String, isRaw: Bool)] {
        names(in: entry.path + "/virt").filter { $0.hasPrefix("vm-") }.flatMap { name -> [(path: String, isRaw: Bool)] in
            let file = "\(entry.path)/virt/\(name)"
            do {
                return (try ValueJSON.parse(try AtomicFile.text(file, limit: 16 << 20))["disks"]?.elements ?? []).compactMap { disk in
                    guard var path = disk["path"]?.text else { return nil }
                    for variable in ["$LAGO_PREFIX_PATH", "${LAGO_PREFIX_PATH}"] where path.hasPrefix(variable) {
                        path = entry.path + path.dropFirst(variable.count)
                    }
                    let format = disk["format"]?.text
                    return (Directories.absolute(path, relativeTo: entry.path), format == "raw" || format == "iso")
                }
            } catch {
                // Destroyed between the listing and now.
                if SystemCall.exists(file) { unreadable.append("\(file): \(error)") }
                return []
            }
        }
    }

    private mutating func follow(_ disk: String, _ entry: RegisteredPrefix?) {
        guard seen.insert(Directories.real(disk)).inserted else { return }
        let dependant = Dependant(overlay: disk, prefix: entry?.path, uuid: entry?.uuid)
        var chain: Set<String> = []
        var image = disk
        while let parent = parent(of: image) {
            guard chain.count < Self.depthLimit else { return unreadable.append("\(disk): it has more than \(Self.depthLimit) layers") }
            let real = Directories.real(parent.path)
            guard chain.insert(real).inserted else { return }
            dependants[real, default: []].append(dependant)
            if parent.isRaw { return }
            image = parent.path
        }
    }

    private mutating func parent(of image: String) -> Parent? {
        let image = Directories.real(image)
        if let known = parents[image] { return known }
        var found: Parent?
        do {
            let header = try ImageHeader.read(image)
            found = header.backingPath.map { Parent(path: $0, isRaw: header.backingFormat == "raw") }
        } catch let error as DiskImageError where error.code == .permission || error.code == .io || error.code == .damaged {
            unreadable.append(error.message)
        } catch {}
        parents[image] = .some(found)
        return found
    }

    func overlays(on path: String) -> [Dependant] { dependants[Directories.real(path)] ?? [] }
}
