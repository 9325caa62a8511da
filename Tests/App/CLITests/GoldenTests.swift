import ArgumentParser
import AtollModel
import Foundation
import Testing

@testable import AtollCLI

/// Compares a text with a file of `Fixtures`. With ATOLL_UPDATE_GOLDEN=1 the file is written instead: read the difference before
/// committing it.
func expectGolden(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name).txt")
    if ProcessInfo.processInfo.environment["ATOLL_UPDATE_GOLDEN"] == "1" { try text.write(to: file, atomically: true, encoding: .utf8) }
    let golden = try? String(contentsOf: file, encoding: .utf8)
    #expect(text == golden, "differs from Fixtures/\(name).txt", sourceLocation: sourceLocation)
}

@Suite struct GoldenHelpTests {
    static let verbs: [(String, any ParsableCommand.Type)] = [
        ("up", UpVerb.self), ("init", InitVerb.self), ("start", StartVerb.self), ("stop", StopVerb.self), ("destroy", DestroyVerb.self),
        ("status", StatusVerb.self), ("list", ListVerb.self), ("set-current", SetCurrentVerb.self), ("logs", LogsVerb.self),
        ("shell", ShellVerb.self), ("wait", WaitVerb.self), ("console", ConsoleVerb.self), ("validate", ValidateVerb.self),
        ("schema", SchemaVerb.self), ("doctor", DoctorVerb.self), ("template-list", TemplateListVerb.self),
        ("template-show", TemplateShowVerb.self), ("template-fetch", TemplateFetchVerb.self), ("template-build", TemplateBuildVerb.self),
        ("template-import", TemplateImportVerb.self), ("template-verify", TemplateVerifyVerb.self),
        ("template-remove", TemplateRemoveVerb.self), ("template-gc", TemplateGCVerb.self), ("run", RunVerb.self),
        ("runtask", RunTaskVerb.self), ("rerun", RerunVerb.self), ("gc", GcVerb.self), ("generate-config", GenerateConfigVerb.self),
        ("results-list", ResultsListVerb.self), ("results-show", ResultsShowVerb.self), ("results-junit", ResultsJUnitVerb.self),
        ("results-export", ResultsExportVerb.self), ("results-html", ResultsHTMLVerb.self), ("results-remove", ResultsRemoveVerb.self),
        ("images-list", ImagesListVerb.self),
        ("images-find", ImagesFindVerb.self), ("taskotron_result", TaskotronResultVerb.self),
    ]

    @Test func rootAndNoun() throws {
        try expectGolden(AtollCommand.helpMessage(columns: 100) + "\n", "help")
        for (name, noun) in AtollCommand.nouns {
            try expectGolden(AtollCommand.helpMessage(for: noun, columns: 100) + "\n", "help-\(name)")
        }
    }

    @Test(arguments: verbs.indices) func helpOfAVerb(_ index: Int) throws {
        let (name, type) = Self.verbs[index]
        let help = HelpText.folded(AtollCommand.helpMessage(for: type, columns: 100))
        try expectGolden(help + "\n", "help-\(name)")
        // An example that begins as the verb is typed.
        #expect(help.contains("  atoll") || name == "taskotron_result")
        #expect(help.contains(name.split(separator: "-").first.map(String.init) ?? name))
        #expect(help.contains("Example"))
    }

    @Test func globalOptionsAreToldOnce() throws {
        let options = HelpText.options(columns: 100)
        try expectGolden(options + "\n", "help-options")
        for name in ArgumentNormalizer.valued.union(ArgumentNormalizer.flags) { #expect(options.contains("--\(name)"), "\(name)") }
        try VerbNames.check(["help", "options"])
        #expect(throws: UsageError.self) { try VerbNames.check(["options"]) }
    }

    @Test func noVerbIsForgotten() {
        let names = Self.verbs.map { name, _ in
            AtollCommand.nouns.keys.first { name.hasPrefix($0 + "-") }.map { "\($0) \(name.dropFirst($0.count + 1))" } ?? name
        }
        #expect(Set(names) == Set(VerbOptions.table.keys.filter { !$0.hasSuffix(" ") }))
    }
}

/// Spec A.4: what `status` looks like for people and for programs.
@Suite struct StatusFormatTests {
    private let document: Value = [
        "Prefix": [
            "Base directory": "/w/.atoll/default", "UUID": "fe689d3c39d011e5b22b54ee755a00ca", "Accelerator": "kvm (usable)",
            "Networks": [
                "lago": ["gateway": "192.168.200.1", "management": true, "status": "up"],
                "bridged": ["gateway": nil, "management": false, "status": "down"],
            ],
            "VMs": [
                "vm01": [
                    "distro": "el7", "root password": "secret", "status": "running", "snapshots": "", "metadata": [:],
                    "NICs": ["eth0": ["network": "lago", "ip": "192.168.200.2"]],
                ],
                "vm02": [
                    "distro": nil, "root password": nil, "status": "down", "snapshots": "first, second",
                    "metadata": ["deploy-scripts": ["/a.sh", "/b.sh"], "ovirt-role": "host", "empty": []],
                    "NICs": ["eth0": ["network": "lago", "ip": "192.168.200.3"], "eth1": ["network": "bridged", "ip": "N/A"]],
                ],
            ],
        ]
    ]

    @Test(arguments: ["default", "json"]) func status(_ format: String) throws {
        try expectGolden(try OutputFormat(named: format).render(document) + "\n", "status-\(format)")
    }

    @Test func otherFormatsAreRefusedWithWhatThereIs() {
        let error = #expect(throws: UsageError.self) { _ = try OutputFormat(named: "yaml") }
        #expect(error?.description == "unknown output format \"yaml\"; there are: default, json")
    }

    @Test func aListIsOneElementPerLine() {
        #expect(OutputFormat.default.render(["a", "b"]) == "a\nb")
        #expect(OutputFormat.default.render([]) == "")
    }
}
