import AtollPlatform
import Glibc

/// What the name of a task image says: `YYMMDD_HHMM-DISTRO-RELEASE-FLAVOR-ARCH.(qcow2|raw|img)`.
package struct ImageFileName: Sendable, Equatable, CustomStringConvertible {
    /// `YYMMDD_HHMM`: the greatest text is the newest.
    package var timestamp: String
    package var distro: String
    package var release: String
    /// Has no dash in it: the architecture takes the rest.
    package var flavor: String
    package var arch: String
    /// `qcow2`, `raw` or `img`.
    package var suffix: String

    /// nil for any other name.
    package init?(_ name: String) {
        guard let dot = name.lastIndex(of: "."), Self.suffixes.contains(String(name[name.index(after: dot)...])) else { return nil }
        let fields = name[..<dot].split(separator: "-", maxSplits: 4, omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 5, fields.allSatisfy({ !$0.isEmpty }) else { return nil }
        let time = fields[0].split(separator: "_", omittingEmptySubsequences: false)
        guard time.count == 2, time[0].utf8.count == 6, time[1].utf8.count == 4,
            time.allSatisfy({ $0.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } })
        else { return nil }
        (timestamp, distro, release, flavor, arch) = (fields[0], fields[1], fields[2], fields[3], fields[4])
        suffix = String(name[name.index(after: dot)...])
    }

    static let suffixes = ["qcow2", "raw", "img"]
    /// The form, for messages.
    static let form = "YYMMDD_HHMM-DISTRO-RELEASE-FLAVOR-ARCH.(qcow2|raw|img)"

    package var description: String { "\(timestamp)-\(distro)-\(release)-\(flavor)-\(arch).\(suffix)" }
}

/// What an image should be; nil matches everything.
package struct ImageCriteria: Sendable, Equatable, CustomStringConvertible {
    package var distro: String?
    package var release: String?
    package var flavor: String?
    package var arch: String?
    /// A pattern for the image's name, as a shell has them.
    package var name: String?

    package init(distro: String? = nil, release: String? = nil, flavor: String? = nil, arch: String? = nil, name: String? = nil) {
        self.distro = distro
        self.release = release
        self.flavor = flavor
        self.arch = arch
        self.name = name
    }

    /// `distro fedora, release 25, flavor any and arch x86_64`.
    package var description: String {
        let text = "distro \(distro ?? "any"), release \(release ?? "any"), flavor \(flavor ?? "any") and arch \(arch ?? "any")"
        return name.map { "name \($0), " + text } ?? text
    }

    /// A template of the store, `atoll:tiny:1`, is called `tiny` as well.
    private func names(of name: String) -> [String] {
        let parts = name.split(separator: ":")
        return parts.count == 3 ? [name, String(parts[1])] : [name]
    }

    /// Whether what is known of an image fits; what is not known of it fits only where nothing is asked.
    func matches(distro: String?, release: String?, flavor: String?, arch: String?, name: String) -> Bool {
        func fits(_ wanted: String?, _ found: String?) -> Bool { wanted == nil || wanted == found }
        return fits(self.distro, distro) && fits(self.release, release) && fits(self.flavor, flavor) && fits(self.arch, arch)
            && (self.name.map { pattern in names(of: name).contains { fnmatch(pattern, $0, 0) == 0 } } ?? true)
    }
}

/// Images in one directory, known by their file names alone.
package struct ImageFinder: Sendable, Equatable {
    /// `imagesdir` of the configuration.
    package let directory: String

    package init(directory: String) { self.directory = directory }

    /// Every image whose name has the form, newest first. An absent directory has none.
    /// - Throws: `.image` when the directory cannot be read.
    package func all() throws -> [ImageFileName] {
        do {
            return try Directories.list(directory).compactMap(ImageFileName.init).sorted {
                ($0.timestamp, $0.description) > ($1.timestamp, $1.description)
            }
        } catch let error as PlatformError {
            throw DisposableError(
                .image, "the images in \(directory) cannot be listed: \(error); set imagesdir to a directory you may read")
        }
    }

    /// What is there, to end a sentence with.
    func contents() throws -> String {
        guard SystemCall.exists(directory) else { return ", which does not exist" }
        let names = try all().map(\.description)
        guard !names.isEmpty else { return ", which has no file named \(ImageFileName.form)" }
        return ", which has \(names.prefix(5).joined(separator: ", "))\(names.count > 5 ? " and \(names.count - 5) more" : "")"
    }
}
