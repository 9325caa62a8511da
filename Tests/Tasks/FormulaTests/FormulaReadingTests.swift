import AtollModel
import Foundation
import Testing

@testable import AtollFormula

/// Errors of a text as lines.
func errors(_ text: String) -> [String] {
    do throws(InvalidInput) {
        _ = try Formula.parse(text, file: "t.yml")
        return []
    } catch { return error.diagnostics.map(\.description) }
}

@Suite("Formula: reading") struct FormulaReadingTests {
    static let full = """
        name: size-check
        desc: warn about oversized packages
        maintainer: somefasname
        input:
            args: [koji_build, arch]
        environment:
            rpm: [rpm-python, /usr/bin/xz]
        actions:
            - name: fetch the build
              koji: {action: download, koji_build: "${koji_build}", arch: [all], target_dir: "${workdir}/rpms"}
              export: fetched
            - name: measure
              python: {file: size.py, callable: run, rpms: "${fetched.downloaded_rpms}", artifactsdir: "${artifactsdir}"}
              export: yaml
              timeout: 10m
            - resultsdb: {results: "${yaml}"}
            - shell: [./a, ./b]
        """

    @Test func everyKeyIsParsed() throws {
        let formula = try Formula.parse(Self.full, file: "runtask.yml")
        #expect(formula.name == "size-check")
        #expect(formula.qualifiedName == "scratch.size-check")
        #expect(formula.desc == "warn about oversized packages")
        #expect(formula.maintainer == "somefasname")
        #expect(formula.inputArguments == ["koji_build", "arch"])
        #expect(formula.environment.packages(for: .rpm) == ["rpm-python", "/usr/bin/xz"])
        #expect(formula.environment.packages(for: .deb).isEmpty)
        #expect(formula.warnings.isEmpty)
        #expect(formula.actions.map(\.directive) == ["koji", "python", "resultsdb", "shell"])
        #expect(formula.actions.map(\.export) == ["fetched", "yaml", nil, nil])
        #expect(formula.actions.map(\.timeout) == [nil, 600, nil, nil])
        #expect(formula.actions.map(\.label)[1...2] == ["action 2 (measure)", "action 3 (resultsdb)"])
        #expect(formula.actions[1].position == SourcePosition(line: 12, column: 7))
        #expect(formula.actions[3].parameters == ["./a", "./b"])
    }

    @Test("check 13: an empty formula, a list and bad YAML are errors that name the file")
    func check13() {
        #expect(errors(" \n")[0].hasPrefix("t.yml:1:1: the file is empty"))
        #expect(errors("# nothing\n")[0].hasPrefix("t.yml:1:1: "))
        #expect(errors("- a\n- b\n")[0].hasPrefix("t.yml:1:1: found a list; allowed: a task formula"))
        #expect(errors("name: [\nactions: x\n")[0].hasPrefix("t.yml:"))
        #expect(throws: InvalidInput.self) { try Formula.load("/nowhere/t.yml") }
    }

    @Test("check 14: no actions, or an empty list of them, is an error")
    func check14() {
        #expect(errors("name: x\n") == ["t.yml:1:1: missing 'actions': expected a list with at least one action"])
        #expect(errors("name: x\nactions: []\n") == ["t.yml:2:1: actions: found an empty list; allowed: a list with at least one action"])
        #expect(errors("name: x\nactions: {shell: ls}\n").count == 1)
        #expect(errors("name: x\ntask:\n- shell: ls\n") == ["t.yml:2:1: task: 'task' was renamed: use 'actions'"])
    }

    @Test("check 15: an action without a directive is an error that names the action")
    func check15() {
        #expect(
            errors("name: x\nactions:\n- name: fetch it\n  export: y\n") == [
                "t.yml:3:3: actions[0]: action 1 (fetch it) has no directive: add one, such as 'shell'"
            ])
    }

    @Test func twoDirectivesInAnActionAreAnError() {
        let found = errors("name: x\nactions:\n- shell: ls\n  python: {file: a.py}\n- dummy: {}\n  register: y\n")
        #expect(found[0] == "t.yml:4:3: actions[0].python: action 1 has the directives 'shell' and 'python'; an action has exactly one")
        #expect(found[1].hasSuffix("use 'export' to keep what a directive returns"))
    }

    @Test func allErrorsAreReportedInFileOrder() {
        let found = errors(
            """
            namespace: a b
            input: [x]
            environment: {release: [25], egress: maybe, rpm: {a: b}}
            actions:
              - shell: ls
                export: 1x
              - just text
              - {shell: ls, timeout: soon}
              - {shell: ls, timeout: 9223372036854775807}
            """)
        #expect(found.map { $0.split(separator: ":")[1] } == ["1", "1", "2", "3", "3", "3", "6", "7", "8", "9"])
        #expect(found.contains { $0.contains("missing 'name'") })
    }

    @Test func unknownKeysAreWarningsWithSuggestions() throws {
        let text = "name: x\nmaintaner: y\nactions: [{shell: ls}]\nenvironment: {relese: 1}\n"
        let formula = try Formula.parse(text, file: "t.yml")
        #expect(
            formula.warnings.map(\.description) == [
                "t.yml:2:1: warning: maintaner: unknown key of a formula, ignored; did you mean 'maintainer'?",
                "t.yml:4:15: warning: environment.relese: unknown key of environment, ignored; did you mean 'release'?",
            ])
    }

    @Test func hostileFilesAreRefused() {
        #expect(errors("name: x\nname: y\nactions: [{shell: ls}]\n")[0].contains("is already there"))
        #expect(errors("name: x\nactions:\n- shell: a\n  shell: b\n")[0].contains("is already there"))
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            bomb += "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ") + "]\n"
        }
        #expect(errors(bomb)[0].contains("aliases"))
        #expect(errors("name: " + String(repeating: "x", count: 5 << 20))[0].contains("larger than 4 MiB"))
        #expect(errors(String(repeating: "[", count: 3000)).count == 1)
    }

    @Test func nonFormulaFilesAreRefusedUnread() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "atoll-formula-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        func failure(_ bytes: [UInt8]?) throws -> String {
            let file = root.appending(path: "t.yml")
            if let bytes { try Data(bytes).write(to: file) }
            do throws(InvalidInput) {
                _ = try Formula.load(bytes == nil ? root.path : file.path)
                return ""
            } catch { return error.description }
        }
        #expect(try failure(nil).contains("this is a directory"))
        #expect(try failure([0x61, 0, 0x62]).contains("binary (a zero byte at offset 1)"))
        #expect(try failure([0x61, 0xFF, 0x62]).contains("neither UTF-8 nor UTF-16"))
        #expect(try failure(Array(repeating: 0x61, count: 5 << 20)).contains("larger than 4 MiB"))
        #expect(try failure(Array("name: t\nactions: [{shell: ls}]\n".utf8)).isEmpty)
    }

    @Test func anUnquotedReferenceInAFlowMappingIsExplained() {
        #expect(errors("name: x\nactions:\n- shell: {a: ${b}}\n")[0].contains("a reference must be quoted"))
    }

    @Test func theEnvironmentIsParsed() throws {
        let wish = try Formula.parse(
            """
            name: x
            actions: [{shell: ls}]
            environment:
              packages: [git, make]
              deb: [build-essential, git]
              rpm: gcc
              release: 8.10
              image: debian-12
              egress: [example.org, '10.0.0.0/8']
              match_host: [release]
            """, file: "t.yml"
        ).environment
        #expect(wish.packages(for: .deb) == ["git", "make", "build-essential"])
        #expect(wish.packages(for: .rpm) == ["git", "make", "gcc"])
        #expect(wish.release == "8.10")
        #expect(wish.image == "debian-12")
        #expect(wish.egress == Egress(words: "example.org,10.0.0.0/8"))
        #expect(wish.matchHost == [.release])
        let off = try Formula.parse("name: x\nactions: [{shell: ls}]\nenvironment: {egress: off, match_host: true}", file: "t").environment
        #expect(off.egress == .off)
        #expect(off.matchHost.count == 4)
        let bad = #expect(throws: InvalidInput.self) {
            try Formula.parse("name: x\nactions: [{shell: ls}]\nenvironment: {egress: [300.1.2.3, a_b.example]}", file: "t")
        }
        #expect(bad?.diagnostics.map(\.position?.line) == [3, 3])
    }

    @Test func packageNamesThatLookLikeOptionsAreRefused() {
        #expect(errors("name: x\nactions: [{shell: ls}]\nenvironment: {rpm: [--installroot=/x]}")[0].contains("allowed: names of packages"))
    }

    /// Any input yields a formula or findings with a position.
    @Test func damagedFormulasNeverCrash() {
        let bytes = Array(Self.full.utf8)
        var state: UInt64 = 20_260_801
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for _ in 0..<300 {
            var damaged = bytes
            for _ in 0...random(4) {
                let place = random(damaged.count)
                switch random(3) {
                case 0: damaged[place] = UInt8(random(128))
                case 1: damaged.remove(at: place)
                default: damaged.insert(Array("{}[]:&*$\"'-\n #|>".utf8)[random(16)], at: place)
                }
            }
            let text = String(decoding: damaged, as: UTF8.self)
            for error in errors(text) { #expect(error.hasPrefix("t.yml:"), "seed 20260801: \(text)") }
        }
    }
}
