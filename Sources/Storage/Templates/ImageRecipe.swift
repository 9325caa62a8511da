import AtollDocuments
import AtollModel
import AtollPlatform
import Glibc
import OrderedCollections

/// A folder that says how a bootable template is made: `recipe.json`, and scripts and files in layers. A new recipe is a new folder.
///
///     recipe.json   what is below, with dashes for capitals: kernel-arguments, disk-size, …
///     files/        a tree copied over the root filesystem, owned by root
///     prepare       run before the packages (extract: before the files), with the tree as argument
///     customize     run last
///
/// `layers` names folders beside the recipe with the same three, applied before its own.
struct ImageRecipe: Sendable, Equatable {
    var name: String
    var description: String
    /// Of the templates it builds; raised by whoever changes what a guest sees.
    var version: String
    /// As QEMU calls it: `x86_64`.
    var arch: String
    /// Debian's name of the release: `bookworm`.
    var suite: String
    /// One of mmdebstrap's: `minbase`; `extract` unpacks packages without installing them.
    var variant: String
    var packages: [String]
    /// Patterns for dpkg's path-exclude and path-include.
    var pathExclude: [String]
    var pathInclude: [String]
    var layers: [String]
    var kernelArguments: String
    /// Virtual size; the image is sparse.
    var diskSize: ByteSize
    /// Absolute paths removed at the end.
    var prune: [String]
    /// Added to the template's metadata: distro, bootstrap, network, ….
    var metadata: OrderedDictionary<String, Value>
    /// The recipe's folder, and the one it lies in.
    var directory: String
    var images: String

    /// Reads the recipe in a folder.
    /// - Throws: `InvalidInput`, every wrong or missing field with its place; `TemplateError.missing` when there is no recipe.json.
    static func load(directory: String) throws -> ImageRecipe {
        let file = directory + "/recipe.json"
        guard SystemCall.exists(file) else { throw TemplateError(.missing, "\(directory) is no image recipe: it has no recipe.json") }
        let (value, places) = try ValueJSON.parseLocated(try AtomicFile.text(file, limit: 1 << 20), file: file)
        var fields = RecipeFields(members: value.members ?? [:], places: places)
        if value.members == nil { fields.report("", "a recipe is a JSON object") }
        let slash = directory.lastIndex(of: "/") ?? directory.startIndex
        let recipe = ImageRecipe(
            name: fields.text("name"), description: fields.text("description"), version: fields.text("version"), arch: fields.text("arch"),
            suite: fields.text("suite"), variant: fields.text("variant"), packages: fields.texts("packages", required: true),
            pathExclude: fields.texts("path-exclude"), pathInclude: fields.texts("path-include"), layers: fields.texts("layers"),
            kernelArguments: fields.text("kernel-arguments"), diskSize: fields.size("disk-size"), prune: fields.texts("prune"),
            metadata: fields.map("metadata"), directory: directory,
            images: slash == directory.startIndex ? "." : String(directory[..<slash]))
        for (index, layer) in recipe.layers.enumerated() where !SystemCall.isDirectory(recipe.images + "/" + layer) {
            fields.report("layers", index: index, "there is no folder \(layer) beside the recipe")
        }
        if !recipe.name.isEmpty, recipe.name != directory[slash...].drop(while: { $0 == "/" }) {
            fields.report("name", "the name is “\(recipe.name)”, the folder's another one")
        }
        for path in recipe.prune where !path.hasPrefix("/") || path.contains("\n") || path.split(separator: "/").contains("..") {
            fields.report("prune", "“\(path)” is no absolute path")
        }
        try fields.finish()
        return recipe
    }

    /// Names of the recipes in a directory, sorted: its folders that hold a recipe.json.
    static func available(in directory: String) throws -> [String] {
        try Directories.list(directory).filter { SystemCall.exists("\(directory)/\($0)/recipe.json") }
    }

    /// The folders that make the image, in the order they are applied.
    var layerDirectories: [String] { layers.map { images + "/" + $0 } + [directory] }

    /// What says of the image how to use it; `size` in bytes.
    var imageMetadata: OrderedDictionary<String, Value> {
        var all: OrderedDictionary<String, Value> = [
            "name": .string(name), "description": .string(description), "version": .string(version), "arch": .string(arch),
            "root-partition": .string("/dev/sda1"), "size": .int(Int(diskSize.bytes)),
        ]
        all.merge(metadata) { _, own in own }
        return all
    }

    /// About what the image takes on disk. A recipe says how large its filesystem is, not how full: those that ship, made for guests to
    /// work in, are an eighth full at the most.
    var imageBytes: Int64 { diskSize.bytes / 8 }

    /// About what a build takes in its stage: the image, and the packages unpacked beside it. Those of the shipped recipes with apt's
    /// lists and a kernel's modules are less than this.
    var stageBytes: Int64 { imageBytes + (512 << 20) }

    /// SHA-256 over everything the image is made from: paths, modes, links and contents of its layers and of the build's hooks.
    func digest() throws -> String {
        var text = ""
        for directory in layerDirectories + [images + "/hooks"] { try Self.describe(directory, as: "", in: &text) }
        return Digest.sha256(text.utf8)
    }

    private static func describe(_ path: String, as name: String, in text: inout String) throws {
        guard let status = SystemCall.linkStatus(path) else { return }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: for entry in try Directories.list(path) { try describe(path + "/" + entry, as: name + "/" + entry, in: &text) }
        case S_IFLNK:
            text += "\(name) -> \(SymbolicLink.target(path) ?? "")\n"
        // Of the mode only what a repository keeps.
        default: text += "\(name) \(status.st_mode & 0o100 == 0 ? "-" : "x") \(Digest.sha256(try AtomicFile.read(path)))\n"
        }
    }
}

/// The members of a recipe, read one by one, with everything wrong about them.
private struct RecipeFields {
    let members: OrderedDictionary<String, Value>
    let places: SourceMap
    var used: Set<String> = []
    var diagnostics: [Diagnostic] = []

    init(members: OrderedDictionary<String, Value>, places: SourceMap) {
        self.members = members
        self.places = places
    }

    mutating func report(_ key: String, index: Int? = nil, _ message: String) {
        var path = key.isEmpty ? FieldPath() : FieldPath.keys(key)
        if let index { path = path.appending(index) }
        diagnostics.append(Diagnostic(.error, at: path, in: places, message))
    }

    mutating func text(_ key: String) -> String {
        used.insert(key)
        guard let text = members[key]?.text, !text.isEmpty else {
            report(key, members[key] == nil ? "the key “\(key)” is missing" : "a text is needed here")
            return ""
        }
        return text
    }

    mutating func texts(_ key: String, required: Bool = false) -> [String] {
        used.insert(key)
        guard let value = members[key] else {
            if required { report(key, "the key “\(key)” is missing") }
            return []
        }
        let elements = value.elements ?? []
        let texts = elements.compactMap(\.text)
        if value.elements == nil || texts.count != elements.count || (required && texts.isEmpty) {
            report(key, "a list of texts is needed here")
        }
        return texts
    }

    mutating func size(_ key: String) -> ByteSize {
        let text = text(key)
        guard let size = ByteSize(text), size.bytes >= 64 << 20 else {
            if !text.isEmpty { report(key, "“\(text)” is no size of at least 64M, such as 512M or 3G") }
            return ByteSize(0)
        }
        return size
    }

    mutating func map(_ key: String) -> OrderedDictionary<String, Value> {
        used.insert(key)
        guard let value = members[key] else { return [:] }
        if value.members == nil { report(key, "an object is needed here") }
        return value.members ?? [:]
    }

    mutating func finish() throws {
        for key in members.keys where !used.contains(key) {
            report(key, "unknown key “\(key)”; known are \(used.sorted().joined(separator: ", "))")
        }
        if !diagnostics.isEmpty { throw InvalidInput(diagnostics) }
    }
}
