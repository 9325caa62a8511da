import AtollModel
import Foundation
import Testing

@testable import AtollResults

@Suite("JUnit reports as test tools write them") struct JUnitInputTests {
    private func results(_ bytes: [UInt8], _ aggregation: XUnitImport.Aggregation = .allpass) throws -> (
        details: [CheckDetail], warnings: [String]
    ) {
        try XUnitImport.results(bytes, item: "x", type: "t", checkname: "c", artifact: "r.xml", aggregation: aggregation)
    }

    private static func report(_ encoding: String) -> String {
        "<?xml version='1.0' encoding=\"\(encoding)\"?>\n<testsuite><testcase name='caf\u{E9}'><failure message='\u{E9}t\u{E9}'/></testcase></testsuite>"
    }

    private static let samples: [(String, String.Encoding, [UInt8])] = [
        ("UTF-8", .utf8, []), ("utf-8", .utf8, [0xEF, 0xBB, 0xBF]), ("ISO-8859-1", .isoLatin1, []), ("latin1", .isoLatin1, []),
        ("iso-8859-15", .isoLatin1, []), ("windows-1252", .windowsCP1252, []), ("UTF-16", .utf16LittleEndian, [0xFF, 0xFE]),
        ("UTF-16", .utf16BigEndian, [0xFE, 0xFF]), ("UTF-16", .utf16LittleEndian, []), ("UTF-16LE", .utf16BigEndian, []),
        ("UTF-32", .utf32LittleEndian, [0xFF, 0xFE, 0, 0]), ("utf-16", .utf8, []),
    ]

    @Test("the declared encoding and the byte order mark are honoured", arguments: samples.indices)
    func encodings(_ index: Int) throws {
        let (name, encoding, mark) = Self.samples[index]
        let bytes = mark + Array(try #require(Self.report(name).data(using: encoding)))
        let found = try results(bytes, .none)
        #expect(found.details.map(\.checkname) == ["c.caf\u{E9}"] && found.details[0].note == "\u{E9}t\u{E9}", "\(name)")
        #expect(found.warnings == [])
    }

    @Test("the characters in which ISO-8859-15 and windows-1252 differ from ISO-8859-1")
    func euro() throws {
        for (name, byte) in [("iso-8859-15", UInt8(0xA4)), ("cp1252", 0x80)] {
            let text =
                Array("<?xml version='1.0' encoding='\(name)'?><testsuite><testcase name='".utf8) + [byte] + Array("'/></testsuite>".utf8)
            #expect(try results(text, .none).details.map(\.checkname) == ["c.\u{20AC}"])
        }
    }

    @Test("an unsupported encoding is named, and bytes that are invalid in theirs are replaced with a warning")
    func undecodable() throws {
        let error = #expect(throws: ResultsError.self) { try results(Array(Self.report("KOI8-R").utf8)) }
        #expect(error?.message.hasPrefix("r.xml: unsupported encoding 'KOI8-R'; convert") == true)
        let latin = Array("<testsuite><testcase name='".utf8) + [0xE9] + Array("'/></testsuite>".utf8)
        let found = try results(latin, .none)
        #expect(
            found.details.map(\.checkname) == ["c.\u{FFFD}"]
                && found.warnings == ["r.xml: bytes that are not valid UTF-8 were replaced by U+FFFD"])
    }

    @Test(
        "control characters are replaced with a warning and lose no result",
        arguments: ["\u{1B}", "\0", "\u{FFFF}", "&#27;", "&#x1b;", "&#0;"])
    func controlCharacters(_ character: String) throws {
        let text = "<testsuite><testcase name='a'/><testcase name='b'><failure>\(character)[31mred</failure></testcase></testsuite>"
        let found = try results(Array(text.utf8), .none)
        #expect(found.details.map(\.outcome) == [.passed, .failed] && found.details[1].note == "\u{FFFD}[31mred")
        #expect(found.warnings.count == 1 && found.warnings[0].contains("XML does not allow"))
    }

    @Test("allowed references stay")
    func references() throws {
        let text = "<testsuite><testcase name='a'><failure>&#9731; &#xE9; &amp;#27; &lt;</failure></testcase></testsuite>"
        let found = try results(Array(text.utf8), .none)
        #expect(found.details[0].note == "\u{2603} \u{E9} &#27; <" && found.warnings.isEmpty)
    }

    private static let good = "<testcase name='a'/><testcase name='b'/>"

    @Test(
        "counts that contradict the cases are warned about, and the worse is taken",
        arguments: [
            ("tests='2' failures='1'", good, Outcome.failed), ("tests='2' failures='0' errors='1'", good, .failed),
            ("tests='5'", good, .needsInspection), ("tests='5' failures='1'", good, .needsInspection),
            ("tests='1' failures='0'", "<testcase name='a'><failure/></testcase>", .failed),
            ("tests='2' failures='1'", "<testsuite name='i'>\(good)</testsuite>", .failed),
        ])
    func contradictions(_ counts: String, _ cases: String, _ outcome: Outcome) throws {
        for text in [
            "<testsuite name='s' \(counts)>\(cases)</testsuite>", "<testsuites \(counts)><testsuite>\(cases)</testsuite></testsuites>",
        ] {
            let all = try results(Array(text.utf8))
            #expect(all.details.map(\.outcome) == [outcome], "\(text)")
            #expect(!all.warnings.isEmpty && all.warnings[0].contains("counts"))
            let each = try results(Array(text.utf8), .none)
            #expect(each.details.map(\.outcome).max() == outcome)
        }
    }

    @Test(
        "counts that tools make in different ways are no contradiction",
        arguments: [
            "tests='2' failures='0' errors='0' skipped='0'", "tests='4' skipped='2'", "tests='3' disabled='1'", "tests='x' failures='-1'",
            "",
        ])
    func agreement(_ counts: String) throws {
        let found = try results(Array("<testsuite name='s' \(counts)>\(Self.good)</testsuite>".utf8))
        #expect(found.details.map(\.outcome) == [.passed] && found.warnings == [])
        let both = "<testsuite tests='1' failures='1' errors='1'><testcase name='a'><failure/><error/></testcase></testsuite>"
        #expect(try results(Array(both.utf8)).warnings == [])
        let nested = "<testsuite tests='1'><testcase name='a'/><testsuite tests='2'>\(Self.good)</testsuite></testsuite>"
        #expect(try results(Array(nested.utf8)).warnings == [])
    }

    @Test("a report without test cases is NEEDS_INSPECTION and says so", arguments: XUnitImport.Aggregation.allCases)
    func noCases(_ aggregation: XUnitImport.Aggregation) throws {
        for text in ["<testsuite name='s'/>", "<testsuites/>", "<testsuites><testsuite tests='0' failures='0'/></testsuites>"] {
            let found = try results(Array(text.utf8), aggregation)
            #expect(found.details.map(\.outcome) == [.needsInspection] && found.details.map(\.note) == ["no test cases"])
            #expect(found.warnings.contains { $0.contains("has no test cases") })
        }
        let one = try results(Array("<testsuites><testsuite name='s'>\(Self.good)</testsuite><testsuite name='e'/></testsuites>".utf8))
        #expect(one.details.map(\.outcome) == [.passed] && one.warnings == ["r.xml: suite 'e' has no test cases"])
    }

    @Test(
        "a text that is not XML is refused with line, column and the fault, never with a number of the library",
        arguments: [
            "", " ", "text", "<testsuite>", "<testsuite>\n<testcase></testsuite>", "<testsuite a=1/>", "<testsuite a/>",
            "<testsuite a='<'/>",
            "<testsuite>&</testsuite>", "<testsuite>&x;</testsuite>", "<testsuite a='1' a='2'/>", "<testsuite/><testsuite/>",
            "<testsuite><![CDATA[</testsuite>", "<testsuite><!-- -- --></testsuite>", "<testsuite", "<1/>", "<testsuite/>\ntext",
        ])
    func malformed(_ text: String) {
        let error = #expect(throws: ResultsError.self) { try results(Array(text.utf8)) }
        let message = error?.message ?? ""
        #expect(message.hasPrefix("r.xml: line ") && !message.contains("code"), "\(message)")
    }
}
