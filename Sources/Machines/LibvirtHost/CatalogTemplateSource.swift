package import AtollHostPorts
import AtollModel
package import AtollTemplates
import Synchronization

/// Templates from the catalog: a repository, the store, the shipped recipes.
package struct CatalogTemplateSource: TemplateSource {
    private let makeCatalog: @Sendable () throws -> TemplateCatalog
    private let memory = Memory()

    /// - Parameter catalog: made once, when first needed, since verbs that need no template must not fail for lack of a repository.
    package init(catalog: @escaping @Sendable () throws -> TemplateCatalog) { makeCatalog = catalog }

    /// Every disk of an init file asks.
    private func catalog() throws -> TemplateCatalog { try memory.catalog(makeCatalog) }

    /// What outlives one question.
    private final class Memory: Sendable {
        private let made = Mutex<TemplateCatalog?>(nil)
        /// What was warned of when a template was first looked at or came in: who uses it asks later.
        private let warnings = Mutex<[TemplateName: [String]]>([:])

        func catalog(_ make: () throws -> TemplateCatalog) throws -> TemplateCatalog {
            try made.withLock { made in
                let catalog = try made ?? make()
                made = catalog
                return catalog
            }
        }

        func add(_ warning: String, on name: TemplateName) { warnings.withLock { $0[name, default: []].append(warning) } }
        func warnings(on name: TemplateName) -> [String] { warnings.withLock { $0[name] ?? [] } }
    }

    package func stored(template: String, version: String?) async throws -> StoredImage? {
        let catalog = try catalog()
        let candidate = try catalog.candidate(template, version: version)
        guard candidate.stored != nil else { return nil }
        do {
            let stored = try await catalog.store.ensureBound(candidate.name) { [memory] event in
                if case .warning(let text) = event { memory.add(text, on: candidate.name) }
            }
            return image(stored, notes: memory.warnings(on: stored.name) + [catalog.note(on: candidate)].compactMap(\.self))
        } catch let error as TemplateError where error.code == .changed && catalog.canRemake(candidate) {
            // Not to be had from the store: fetching it makes it anew, or says why not.
            return nil
        }
    }

    package func problem(template: String, version: String?) async -> String? {
        do {
            _ = try catalog().candidate(template, version: version)
            return nil
        } catch { return "\(error)" }
    }

    package func fetch(
        template: String, version: String?, progress: @escaping @Sendable (Double?, String) -> Void
    ) async throws -> StoredImage {
        let catalog = try catalog()
        let name = try catalog.candidate(template, version: version).name
        let resolved = try await catalog.resolve(template, version: version) { [memory] event in
            if case .warning(let text) = event { return memory.add(text, on: name) }
            let (fraction, note) = event.progress
            progress(fraction, note)
        }
        return image(resolved.template, notes: memory.warnings(on: name) + resolved.warnings)
    }

    private func image(_ template: StoredTemplate, notes: [String]) -> StoredImage {
        StoredImage(
            name: template.name.description, path: template.path,
            metadata: Dictionary(template.metadata.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first }), notes: notes)
    }
}
