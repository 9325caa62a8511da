import AtollModel
import OrderedCollections
import Testing

@testable import AtollFormula

@Suite("Formula: variables in actions") struct SubstitutionTests {
    private let variables: OrderedDictionary<String, Value> = [
        "x": "X", "n": 7, "flag": true, "none": nil, "list": ["a", "b"],
        "fetched": ["downloaded_rpms": ["/w/a.rpm", "/w/b.rpm"], "deep": ["er": 1]], "a.b": "dotted", "a": ["b": "member", "c": "C"],
        "loop": "${x} $y",
    ]

    private func action(_ yaml: String) throws -> (Formula.Action, Formula) {
        let formula = try Formula.parse("name: t\nactions:\n- dummy:\n    \(yaml)\n  export: e\n", file: "t.yml")
        return (formula.actions[0], formula)
    }

    private func replaced(_ yaml: String) throws -> Value {
        let (action, formula) = try action(yaml)
        return try Substitution(variables).apply(to: action, of: formula).parameters
    }

    private func failure(_ yaml: String) throws -> [String] {
        let (action, formula) = try action(yaml)
        do throws(InvalidInput) {
            let result = try Substitution(variables).apply(to: action, of: formula)
            Issue.record("\(yaml) became \(result.parameters)")
            return []
        } catch { return error.diagnostics.map(\.description) }
    }

    @Test("check 19: an exported value is usable in the next action, and undefined before")
    func check19() throws {
        let formula = try Formula.parse("name: t\nactions:\n- dummy: {}\n  export: out\n- shell: echo ${out}\n", file: "t.yml")
        var substitution = Substitution(["arch": "noarch"])
        let early = #expect(throws: InvalidInput.self) { try substitution.apply(to: formula.actions[1], of: formula) }
        #expect(
            early?.description
                == "t.yml:5:10: actions[1].shell: action 2 (shell): undefined variable 'out'; known: arch; write $$out for a shell variable"
        )
        substitution.variables["out"] = "done"
        #expect(try substitution.apply(to: formula.actions[1], of: formula).parameters == "echo done")
    }

    @Test("check 20: a reference alone passes a list")
    func check20() throws {
        #expect(try replaced("{rpms: '${fetched.downloaded_rpms}'}") == ["rpms": ["/w/a.rpm", "/w/b.rpm"]])
        #expect(try replaced("['$list', '$n', '$flag', '$none', '${fetched.deep.er}']") == [["a", "b"], 7, true, nil, 1])
    }

    @Test("check 21: text around a reference stays text")
    func check21() throws {
        #expect(try replaced("a ${x} b") == "a X b")
        #expect(try replaced("'${n}${flag}'") == "7true")
        #expect(try replaced("'v=${list} ${none}'") == #"v=["a", "b"] null"#)
    }

    @Test("check 22: $x is ${x}, and $$x is the text $x")
    func check22() throws {
        #expect(
            try replaced("{a: $x, b: '${x}', c: $$x, d: '$$${x}', e: $x.log, f: '$$'}") == [
                "a": "X", "b": "X", "c": "$x", "d": "$X", "e": "X.log", "f": "$",
            ])
    }

    @Test("check 23: variables in mapping keys are replaced, and a list there is an error")
    func check23() throws {
        #expect(try replaced("{'${x}': 1, 'pre-$x': {'$x': 2}}") == ["X": 1, "pre-X": ["X": 2]])
        #expect(try failure("{'${list}': 1}")[0].contains("becomes a list: expected text"))
        #expect(try failure("{'${n}': 1}").count == 1)
        #expect(try failure("{'${x}': 1, X: 2}")[0].contains("duplicate key 'X'"))
    }

    @Test("check 24: numbers and booleans of an action are untouched")
    func check24() throws {
        #expect(try replaced("{i: 1, f: 1.5, b: true, n: ~}") == ["i": 1, "f": 1.5, "b": true, "n": nil])
    }

    @Test("check 25: ${ without an end is an error, and so is any other malformed reference")
    func check25() throws {
        for text in ["${", "a ${x", "${}", "$ x", "$", "${ x }", "${x y}", "$1", "${a..b}", "${.a}"] {
            let found = try failure("'\(text)'")
            #expect(found.count == 1 && found[0].hasPrefix("t.yml:4:5: actions[0].dummy: action 1 (dummy): "), "\(text)")
        }
    }

    @Test("check 26: substituted text is not substituted again")
    func check26() throws {
        #expect(try replaced("['$loop', 'a $loop']") == ["${x} $y", "a ${x} $y"])
    }

    @Test func aDottedVariableTakesPrecedenceOverAMember() throws {
        #expect(try replaced("['${a.b}', '${a.c}']") == ["dotted", "C"])
    }

    @Test func everyUndefinedVariableIsNamedAtItsLine() throws {
        let found = try failure("{one: $nope, two: '${fetched.rpms}', three: ['${fetchd}']}")
        #expect(found.count == 3)
        #expect(found[0].contains("undefined variable 'nope'; did you mean 'none'?; known: a, a.b, fetched, flag, list, loop, n, none, x"))
        #expect(found[1].contains("'fetched' is defined, but its keys are downloaded_rpms, deep"))
        #expect(found[2].contains("did you mean 'fetched'?"))
    }

    @Test func substitutionDoesNotChangeTheFormula() throws {
        let (action, formula) = try action("$x")
        let result = try Substitution(variables).apply(to: action, of: formula)
        #expect(formula.actions[0].parameters == "$x")
        #expect(result.export == "e" && result.directive == "dummy")
    }
}

@Suite("Formula: input") struct InputCheckTests {
    private func formula(_ input: String) throws -> Formula {
        try Formula.parse("name: t\n\(input)\nactions: [{shell: ls}]\n", file: "t.yml")
    }

    @Test("check 17: an argument that is missing or null is an error before anything is done")
    func check17() throws {
        let formula = try formula("input: {args: [koji_build, arch, workdr]}")
        let error = #expect(throws: InvalidInput.self) { try InputCheck.check(formula, variables: ["arch": "noarch", "koji_build": nil]) }
        #expect(
            error?.diagnostics.map(\.description) == [
                "t.yml:2:16: input.args[0]: missing value for 'koji_build': set it with --item VALUE --type koji_build",
                "t.yml:2:34: input.args[2]: missing value for 'workdr': set it with --override workdr=VALUE",
            ])
        try InputCheck.check(formula, variables: ["arch": "noarch", "koji_build": "a-1-1", "workdr": "/w"])
    }

    @Test("check 18: no input is fine, and a list in its place is an error")
    func check18() throws {
        for input in ["", "input:", "input: {}", "input: {args: }", "input: {args: []}"] {
            try InputCheck.check(try formula(input), variables: [:])
        }
        #expect(
            errors("name: t\ninput: [x]\nactions: [{shell: ls}]\n") == ["t.yml:2:1: input: found a list; allowed: a mapping with 'args'"])
        #expect(errors("name: t\ninput: {args: koji_build}\nactions: [{shell: ls}]\n").count == 1)
    }
}
