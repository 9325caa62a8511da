import AtollTestSupport
import AtollDocuments
import AtollInitFile
import AtollModel
import Foundation
import OrderedCollections
import Testing

@testable import AtollTopology

/// Real init files, when they are there: see the README beside them.
private struct Corpus {
    var root: String
    var expected: Value

    static let shared: Corpus? = {
        let package = URL(fileURLWithPath: Checkout.root).resolvingSymlinksInPath()
        let root =
            ProcessInfo.processInfo.environment["ATOLL_CORPUS"]
            ?? package.deletingLastPathComponent().appendingPathComponent("shared/corpus").path
        guard let text = try? String(contentsOfFile: root + "/expected.json", encoding: .utf8),
            let expected = try? ValueJSON.parse(text, file: "expected.json")
        else {
            print("corpus tests are skipped: there is no \(root)/expected.json (ATOLL_CORPUS names another place)")
            return nil
        }
        return Corpus(root: root, expected: expected)
    }()

    static let names: [String] = shared?.expected.members.map { Array($0.keys) } ?? []
    static let id = PrefixID("fe689d3c39d011e5b22b54ee755a00ca")!
}

@Suite struct CorpusTests {
    @Test(.enabled(if: Corpus.shared != nil, "there is no corpus of init files here"), arguments: Corpus.names)
    func resolvesLikeLago(_ name: String) throws {
        let corpus = try #require(Corpus.shared)
        let path = corpus.root + "/" + name
        let expected = try #require(corpus.expected[name])
        let draft = InitFile.draft(path: path)
        if let ok = expected["ok"] {
            let (spec, _) = try draft.checked()
            let (environment, _) = try Topology.resolve(spec, id: Corpus.id, occupancy: HostOccupancy())
            #expect(ValueJSON.render(Topology.document(environment), sorted: true) == ValueJSON.render(ok, sorted: true))
        } else if draft.errors.isEmpty {
            // Prototypes by name: Lago fails, the spec knows better.
            #expect(draft.spec.domains.values.contains { $0.raw["based-on"] != nil })
            #expect(throws: Never.self) { try Topology.resolve(draft.spec, id: Corpus.id, occupancy: HostOccupancy()) }
        } else {
            #expect(draft.errors.allSatisfy { $0.position != nil && $0.file == path })
        }
    }
}
