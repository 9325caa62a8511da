import ArgumentParser
import AtollModel
import AtollTemplates
import OrderedCollections

struct TemplateGCVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "gc", abstract: "Remove every template that no disk backs on.",
        discussion: """
            Examples:
              atoll template gc --dry-run
              atoll template gc
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var options: StoreOptions
    @Flag(name: .customLong("dry-run"), help: "Only say which.") var dryRun = false
    var printsEvents: Bool { !dryRun }

    func execute(_ session: Session) async throws {
        let catalog = try options.applied(to: session).catalog()
        let gone = try await catalog.store.collect(dryRun: dryRun)
        let stages = await ImageBuilder.sweep(dryRun: dryRun)
        if dryRun, session.format == .json { return session.show(.list(gone.map { TemplateDocuments.document($0) })) }
        var lines = gone.map { "\(dryRun ? "would remove" : "removed") \($0.name) (\(ByteSize($0.realSize)))" }
        lines += stages.map { "\(dryRun ? "would remove" : "removed") \($0), which a killed build left" }
        session.finish(
            "done", ["removed": .list(gone.map { .string($0.name.description) }), "stages": .list(stages.map(Value.string))],
            text: lines.isEmpty ? "Nothing to remove: every template is in use, or the store is empty" : lines.joined(separator: "\n"))
    }
}
