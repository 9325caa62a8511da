import AtollClaims
import AtollDiskImages
import AtollModel
import AtollPlatform

/// An overlay that backs on a template.
public struct Dependant: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The overlay.
    public var overlay: String
    /// The prefix directory; nil when no registered prefix owns the overlay.
    public var prefix: String?
    /// 32 hex digits, where known.
    public var uuid: String?

    /// The prefix, else the overlay.
    public var description: String { prefix ?? overlay }
    public static func < (a: Dependant, b: Dependant) -> Bool { a.overlay < b.overlay }
}

/// Who backs on what, read from the headers of every overlay of every prefix: nothing that was recorded can be out of date.
struct BackingScan {
    /// Real path of a backing file to the overlays directly on it.
    var dependants: [String: [Dependant]] = [:]
    /// What could not be looked at, and so may back on anything.
    var unreadable: [String] = []

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
        var seen: Set<String> = []
        for (directory, entry) in directories where seen.insert(Directories.real(directory)).inserted {
            scan(directory, entry)
        }
        for (path, overlays) in dependants { dependants[path] = overlays.sorted() }
    }

    private mutating func scan(_ directory: String, _ entry: RegisteredPrefix?) {
        let names: [String]
        do { names = try Directories.list(directory) } catch {
            // A prefix that is gone has no overlays; one behind a closed door may have.
            let code = (error as? PlatformError)?.code
            if code == .permission { unreadable.append("\(directory): \(error)") }
            return
        }
        for name in names {
            let path = directory + "/" + name
            do {
                guard let backing = try ImageHeader.read(path).backingPath else { continue }
                let overlay = Dependant(overlay: path, prefix: entry?.path, uuid: entry?.uuid)
                dependants[Directories.real(backing), default: []].append(overlay)
            } catch let error as DiskImageError where error.code == .permission || error.code == .io || error.code == .damaged {
                unreadable.append(error.message)
            } catch { continue }
        }
    }

    func overlays(on path: String) -> [Dependant] { dependants[Directories.real(path)] ?? [] }
}
