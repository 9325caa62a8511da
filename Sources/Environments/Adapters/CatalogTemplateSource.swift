import AtollModel
public import AtollTemplates
import Synchronization

/// Templates from the catalog: a repository, the store, the shipped recipes.
public struct CatalogTemplateSource: TemplateSource {
    private let makeCatalog: @Sendable () throws -> TemplateCatalog
    private let made = Once()
    private let warning: @Sendable (String) -> Void

    /// - Parameter catalog: made once, when first needed, since verbs that need no template must not fail for lack of a repository.
    public init(warning: @escaping @Sendable (String) -> Void = { _ in }, catalog: @escaping @Sendable () throws -> TemplateCatalog) {
        makeCatalog = catalog
        self.warning = warning
    }

    /// Every disk of an init file asks.
    private func catalog() throws -> TemplateCatalog { try made.catalog(makeCatalog) }

    private final class Once: Sendable {
        private let made = Mutex<TemplateCatalog?>(nil)

        func catalog(_ make: () throws -> TemplateCatalog) throws -> TemplateCatalog {
            try made.withLock { made in
                let catalog = try made ?? make()
                made = catalog
                return catalog
            }
        }
    }

    public func stored(template: String, version: String?) async throws -> StoredImage? {
        let catalog = try catalog()
        let candidate = try catalog.candidate(template, version: version)
        guard candidate.stored != nil else { return nil }
        if let note = catalog.note(on: candidate) { warning(note) }
        return image(try await catalog.store.ensureBound(candidate.name, events: nil))
    }

    public func problem(template: String, version: String?) async -> String? {
        do {
            _ = try catalog().candidate(template, version: version)
            return nil
        } catch { return "\(error)" }
    }

    public func fetch(
        template: String, version: String?, progress: @escaping @Sendable (Double?, String) -> Void
    ) async throws -> StoredImage {
        let resolved = try await catalog().resolve(template, version: version) { event in
            let (fraction, note) = event.progress
            progress(fraction, note)
        }
        for warning in resolved.warnings { self.warning(warning) }
        return image(resolved.template)
    }

    private func image(_ template: StoredTemplate) -> StoredImage {
        StoredImage(
            name: template.name.description, path: template.path,
            metadata: Dictionary(template.metadata.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first }))
    }
}

extension TemplateEvent {
    /// For a progress line: how far (0...1, nil when unknown), and in words.
    public var progress: (fraction: Double?, note: String) {
        switch self {
        case .waiting(let holder): (nil, "waiting for \(holder)")
        case .copying(let done, let total): (Double(done) / Double(max(total, 1)), "copying")
        case .converting(let percent): (percent / 100, "converting to raw")
        case .verifying(let done, let total): (Double(done) / Double(max(total, 1)), "verifying")
        case .building(let line): (nil, line)
        case .warning(let text): (nil, "warning: \(text)")
        }
    }
}
