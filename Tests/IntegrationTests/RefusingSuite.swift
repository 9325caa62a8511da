import AtollCommands
import AtollPlatform
import Foundation
import Testing

/// What suites share whose subject is that something is refused.
protocol RefusingSuite {}

extension RefusingSuite {
    static var twoMachines: String { "\(Product.root)/init-examples/two-vms.yaml" }

    /// Runs a verb that has to be refused: exit 2, every expected word on standard error, no trace of a crash.
    func refuse(
        _ product: Product, _ words: [String], _ expected: String..., environment: [String: String] = [:],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let result = try await product.run(words, environment: environment)
        #expect(result.status == 2, "\(words): \(result)", sourceLocation: sourceLocation)
        for text in expected {
            #expect(
                result.standardError.contains(text), "\(words): \(text) is not in \(result.standardError)",
                sourceLocation: sourceLocation)
        }
        for crash in ["Fatal error", "Stack dump", "Backtrace", "Optional(", "Error Domain"] {
            #expect(!result.standardError.contains(crash), "\(words): \(result.standardError)", sourceLocation: sourceLocation)
        }
    }

    func expectNothing(_ product: Product, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try Product.leftovers() == [], sourceLocation: sourceLocation)
        #expect(!SystemCall.exists(product.workdir), sourceLocation: sourceLocation)
    }

    static func machine(_ name: String, _ net: String = "m", _ more: String = "") -> String {
        "  \(name): {memory: 128, nics: [{net: \(net)}], \(more)disks: [{template_name: tiny, type: template, name: root, dev: vda, format: qcow2}]}\n"
    }
}
