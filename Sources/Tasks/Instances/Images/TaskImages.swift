import AtollModel
import AtollPlatform
package import AtollTemplates
import Foundation
import Glibc
import OrderedCollections

/// An image that a task's VM can be made from.
package struct FoundImage: Sendable, Equatable {
    /// The file's name, or `repository:template:version`, or the bare name of a template that is not in the store yet.
    package var name: String
    package var origin: VMRequest.Image
    package var distro: String?
    package var release: String?
    package var flavor: String?
    package var arch: String?
    /// `YYMMDD_HHMM` in UTC; nil when it is yet to be built or fetched.
    package var timestamp: String?

    /// Whether it need not be built or fetched first.
    package var isReady: Bool { timestamp != nil }
    /// Whether it is a file of the user's rather than a template.
    package var isFile: Bool { if case .file = origin { true } else { false } }
}

/// Everything a VM can be made from here: the files of `imagesdir`, the templates of the store, and those that the repository offers and
/// that are built or fetched on first use.
package struct TaskImages: Sendable {
    package let finder: ImageFinder
    /// nil where no templates can be had.
    package let catalog: TemplateCatalog?
    private let recipes: (any RecipeBuilder)?

    /// - Parameter directory: `imagesdir` of the configuration.
    /// - Parameter recipes: says of templates that are not built yet what they will be.
    package init(directory: String, catalog: TemplateCatalog?, recipes: (any RecipeBuilder)? = nil) {
        finder = ImageFinder(directory: directory)
        self.catalog = catalog
        self.recipes = recipes
    }

    /// All images, newest first; what is yet to be built comes last.
    package func list() throws -> [FoundImage] {
        try (files() + stored() + offered()).sorted { ($0.timestamp ?? "", $1.name) > ($1.timestamp ?? "", $0.name) }
    }

    /// Those that fit, newest first.
    package func find(_ criteria: ImageCriteria) throws -> [FoundImage] {
        try list().filter {
            criteria.matches(distro: $0.distro, release: $0.release, flavor: $0.flavor, arch: $0.arch, name: $0.name)
        }
    }

    func files() throws -> [FoundImage] {
        try finder.all().map { name in
            let path = finder.directory + "/\(name)"
            return FoundImage(
                name: name.description, origin: .file(path: path, format: name.suffix == "qcow2" ? .qcow2 : .raw), distro: name.distro,
                release: name.release, flavor: name.flavor, arch: name.arch, timestamp: name.timestamp)
        }
    }

    /// Templates that are there.
    func stored() throws -> [FoundImage] {
        guard let catalog else { return [] }
        do {
            return try catalog.store.list().map { template in
                let modified = SystemCall.status(template.path).map { Date(timeIntervalSince1970: TimeInterval($0.st_mtim.tv_sec)) }
                var image = FoundImage(name: template.name.description, origin: .template(template.name.description))
                image.describe(template: template.name.template) { template.metadata[$0]?.text }
                image.timestamp = Self.timestamp(template.record?.added ?? modified ?? Date(timeIntervalSince1970: 0))
                return image
            }
        } catch let error as TemplateError { throw DisposableError(.image, "the templates cannot be listed: \(error)") }
    }

    /// Templates that could be had: those of the repository that are not in the store.
    func offered() throws -> [FoundImage] {
        guard let catalog else { return [] }
        return catalog.repository.templates.keys.compactMap { name in
            guard let candidate = try? catalog.candidate(name), candidate.stored == nil else { return nil }
            var image = FoundImage(name: name, origin: .template(name))
            var metadata: [String: String] = [:]
            switch candidate.source {
            case .http: return nil
            case .file: break
            case .build(let recipe):
                guard let summary = try? recipes?.summary(of: recipe ?? candidate.handle) else { break }
                for (key, value) in summary.metadata { metadata[key] = value.text }
            }
            image.describe(template: name) { metadata[$0] }
            return image
        }
    }

    /// `YYMMDD_HHMM` in UTC, as the names of image files have it.
    static func timestamp(_ date: Date) -> String {
        var seconds = time_t(date.timeIntervalSince1970)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ value: Int32) -> String { value % 100 < 10 ? "0\(value % 100)" : "\(value % 100)" }
        return two(parts.tm_year) + two(parts.tm_mon + 1) + two(parts.tm_mday) + "_" + two(parts.tm_hour) + two(parts.tm_min)
    }
}

extension FoundImage {
    init(name: String, origin: VMRequest.Image) {
        self.name = name
        self.origin = origin
    }

    /// Takes what the metadata says; release and flavor also from a template named `DISTRO-RELEASE` or `DISTRO-RELEASE-FLAVOR`.
    fileprivate mutating func describe(template: String, _ metadata: (String) -> String?) {
        let parts = template.split(separator: "-", maxSplits: 2).map(String.init)
        let isTelling = parts.count > 1 && parts[1].first?.isNumber == true
        distro = metadata("distro") ?? (isTelling ? parts[0] : nil)
        let isNamedForIt = isTelling && parts[0] == distro
        release = metadata("release") ?? (isNamedForIt ? parts[1] : nil)
        flavor = metadata("flavor") ?? (isNamedForIt && parts.count > 2 ? parts[2] : nil)
        arch = metadata("arch")
    }
}
