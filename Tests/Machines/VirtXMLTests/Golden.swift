import AtollXML
import Foundation
import Testing

/// Compares a text with a file of `Fixtures`, and its meaning too. With ATOLL_UPDATE_GOLDEN=1 the file is written instead: read the
/// difference before committing it.
func expectGolden(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name).xml")
    if ProcessInfo.processInfo.environment["ATOLL_UPDATE_GOLDEN"] == "1" {
        try text.write(to: file, atomically: true, encoding: .utf8)
    }
    let golden = try String(contentsOf: file, encoding: .utf8)
    #expect(text == golden, "differs from Fixtures/\(name).xml", sourceLocation: sourceLocation)
    #expect(try XML.write(try XML.read(text)).isEmpty == false, sourceLocation: sourceLocation)
    #expect(try XML.read(text) == XML.read(golden), sourceLocation: sourceLocation)
}
