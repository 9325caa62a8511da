import AtollEnvironments
import AtollModel
import AtollPlatform
import AtollPlanning
import AtollTemplates
import OrderedCollections

extension Session {
    func catalog() throws -> TemplateCatalog { try runtime.makeCatalog(options) }

    /// Runs one template operation as a plan of one step, with its progress, and returns what came out.
    @discardableResult
    func runTemplateStep(
        _ id: String, _ title: String, _ body: @escaping @Sendable (@escaping TemplateStore.Events) async throws -> StoredTemplate
    ) async throws -> StoredTemplate? {
        let result = Produced()
        let step = Step(
            id, title, patience: .cancel,
            apply: { progress in
                result.set(
                    try await body { event in
                        let (fraction, note) = event.progress
                        progress.report(fraction, note)
                    })
            })
        try await context().run(try Plan(title.prefix(1).uppercased() + title.dropFirst(), onFailure: .keep, steps: [step]), journal: nil)
        return result.value
    }

    /// Ends a verb that made or checked templates of this catalog.
    func finish(with templates: [StoredTemplate?], in catalog: TemplateCatalog) async throws {
        let all = templates.compactMap(\.self)
        let found = try await Blocking.run {
            try all.map { (usedBy: try catalog.store.dependants(of: $0.name), note: catalog.note(on: $0)) }
        }
        let context = try context()
        for note in found.compactMap(\.note) { context.note("warning: \(note)") }
        let documents = zip(all, found).map { TemplateDocuments.document($0, usedBy: $1.usedBy, note: $1.note) }
        let lines = all.map { "\($0.name)  \(ByteSize($0.realSize)) of \(ByteSize($0.virtualSize))  sha256 \($0.digest ?? "-")" }
        finish(
            "done", ["templates": .list(documents)],
            text: lines.isEmpty ? "Nothing to verify: the store is empty" : lines.joined(separator: "\n"))
    }
}
