import AtollDiskImages
import AtollModel
import AtollPlatform
import AtollTemplates
import Foundation
import Glibc

/// What a run says about its image, from the command line, the formula, the item and the configuration.
package struct ImageWish: Sendable, Equatable {
    /// `--image`: a path, a file of `imagesdir`, a template, or `DISTRO:RELEASE`.
    package var image: String?
    /// `force_imageurl` and `imageurl`: this one, whatever else is said.
    package var forcedURL: String?
    /// Distro, release, flavor and arch of the environment, as far as anything says them.
    package var criteria: ImageCriteria
    /// Whether somebody asked for the criteria (the formula's environment, `--match-host`); what was only derived from the item chooses an
    /// image where there is one, and no more.
    package var isAsked: Bool
    /// `default_image`, named as `image` is.
    package var defaultImage: String
    /// Where criteria that nobody asked for by name come from, to end a refusal with.
    package var origin: String?

    package init(
        image: String? = nil, forcedURL: String? = nil, criteria: ImageCriteria = ImageCriteria(), isAsked: Bool = false,
        defaultImage: String = "debian-12"
    ) {
        self.image = image
        self.forcedURL = forcedURL
        self.criteria = criteria
        self.isAsked = isAsked
        self.defaultImage = defaultImage
    }
}

extension TaskImages {
    /// The image a run gets, looked at: whole, of a known format and complete without other files. Nothing is built or fetched here.
    /// The order: `--image`, `force_imageurl`, files of `imagesdir` by name, templates by distro and release, the default image.
    /// - Returns: the image, and what the user should know.
    /// - Throws: `.image` that says what was searched and names what is near.
    package func choose(_ wish: ImageWish) throws -> (image: FoundImage, warnings: [String]) {
        if let image = wish.image { return (try named(image), []) }
        if let url = wish.forcedURL { return (try atURL(url), []) }
        let criteria = wish.criteria
        guard criteria.distro != nil || criteria.release != nil || criteria.flavor != nil || criteria.name != nil else {
            return (try named(wish.defaultImage), [])
        }
        if let found = try newest(criteria) { return (try checked(found), []) }
        let searched = "no image for \(criteria): not in \(finder.directory)\(try finder.contents())\(try templatesSearched())"
        guard !wish.isAsked else {
            let origin = wish.origin.map { "; \($0)" } ?? ""
            throw DisposableError(
                .image, searched + "\(origin); put one into imagesdir, name another with --image, or see atoll images list")
        }
        return (try named(wish.defaultImage), [searched + "; using the default image, \(wish.defaultImage)"])
    }

    /// An image by the name a person gives it.
    /// - Throws: `.image`.
    package func named(_ name: String) throws -> FoundImage {
        if name.hasPrefix("file://") || name.hasPrefix("http://") || name.hasPrefix("https://") { return try atURL(name) }
        if name.contains("/") { return try file(Directories.absolute(name, relativeTo: Directories.working())) }
        if let found = try template(name) { return found }
        let files = try self.files()
        if let found = files.first(where: { $0.name == name }) ?? files.first(where: { $0.name.hasPrefix(name + ".") }) {
            return try checked(found)
        }
        let path = finder.directory + "/" + name
        if Self.hasImageSuffix(name), SystemCall.exists(path) { return try file(path) }
        let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 2, !parts[0].isEmpty {
            let releases = [parts[1].isEmpty || parts[1] == "latest" ? nil : parts[1], CodeName.release(parts[1], of: parts[0])]
            // Nobody means another architecture's by it. A file may be named for the code name itself.
            for release in releases where release != nil || releases[0] == nil {
                let criteria = ImageCriteria(distro: parts[0], release: release)
                if let found = try newest(criteria, arch: Acceleration.machine()) { return try checked(found) }
            }
        }
        throw DisposableError(
            .image,
            "there is no image \(name): not in \(finder.directory)\(try finder.contents())\(try templatesSearched())\(try hint(name))")
    }

    /// The newest that fits: a file of the user's before a template, one that is there before one to be built.
    private func newest(_ criteria: ImageCriteria, arch: String? = nil) throws -> FoundImage? {
        let fitting = try find(criteria).filter { arch == nil || $0.arch == nil || $0.arch == arch }
        return fitting.first { $0.isFile } ?? fitting.first { $0.isReady } ?? fitting.first
    }

    private func template(_ name: String) throws -> FoundImage? {
        guard let catalog else { return nil }
        do {
            let candidate = try catalog.candidate(name)
            if candidate.stored != nil {
                var found = try stored().first { $0.name == candidate.name.description }
                found?.origin = .template(name)
                if let found { return found }
            }
            if case .http = candidate.source { return FoundImage(name: name, origin: .template(name)) }
            return try offered().first { $0.name == name } ?? FoundImage(name: name, origin: .template(name))
        } catch let error as TemplateError where [.unknownTemplate, .invalidName, .missing].contains(error.code) {
            return nil
        } catch let error as TemplateError { throw DisposableError(.image, "\(error)") }
    }

    private func atURL(_ url: String) throws -> FoundImage {
        guard !url.hasPrefix("http://"), !url.hasPrefix("https://") else {
            throw DisposableError(
                .image, "the image \(url) is on the web, which is not read from here: get it yourself, then name the file with --image PATH"
            )
        }
        let path = url.hasPrefix("file://") ? String(url.dropFirst(7)) : url
        guard path.hasPrefix("/") else { throw DisposableError(.image, "\(url) is no address of an image: file:///PATH is wanted") }
        return try file(path)
    }

    private func file(_ path: String) throws -> FoundImage {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        var image = FoundImage(name: name, origin: .file(path: path, format: .raw))
        let modified = SystemCall.status(path).map { TaskImages.timestamp(.init(timeIntervalSince1970: .init($0.st_mtim.tv_sec))) }
        image.timestamp = modified
        if let said = ImageFileName(name) {
            (image.distro, image.release, image.flavor, image.arch) = (said.distro, said.release, said.flavor, said.arch)
            image.timestamp = said.timestamp
        }
        return try checked(image)
    }

    /// Files only: a template's bytes are looked at by its store.
    private func checked(_ image: FoundImage) throws -> FoundImage {
        guard case .file(let path, _) = image.origin else { return image }
        let header: ImageHeader
        do { header = try ImageHeader.checkStandalone(path) } catch let error as DiskImageError {
            throw DisposableError(.image, "the image \(image.name) cannot be used: \(error)")
        }
        guard header.format != .iso else {
            throw DisposableError(.image, "the image \(image.name) cannot be used: \(path) is a CD image, and a disk is wanted")
        }
        var image = image
        image.origin = .file(path: path, format: header.format)
        return image
    }

    private static func hasImageSuffix(_ name: String) -> Bool { ImageFileName.suffixes.contains { name.hasSuffix("." + $0) } }

    private func templatesSearched() throws -> String {
        guard let catalog else { return "; there are no templates here" }
        let names = try stored().map(\.name) + offered().map { "\($0.name) (built on first use)" }
        let place = "; not among the templates of \(catalog.store.directory) and repo \(catalog.repository.name)"
        return names.isEmpty ? place + ", which are none" : place + ": " + names.sorted().joined(separator: ", ")
    }

    private func hint(_ name: String) throws -> String {
        if Self.hasImageSuffix(name), SystemCall.exists(Directories.working() + "/" + name) { return "; did you mean ./\(name)?" }
        let names = try list().map(\.name)
        let short = names.compactMap { TemplateName($0)?.template }
        return Spelling.suggestion(for: name, among: short + names).map { "; did you mean \($0)?" } ?? ""
    }
}
