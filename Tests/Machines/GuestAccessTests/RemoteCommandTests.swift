import AtollCommands
import AtollGuestAccess
import AtollTestSupport
import Testing

@Suite struct RemoteCommandTests {
    @Test(
        arguments: [
            ([], .loginShell),
            (["-c"], .loginShell),
            (["-c", "uname -a"], .line("uname -a")),
            (["uname", "-a"], .line("uname -a")),
            (["-c", "echo", "$HOME", "*"], .line("echo $HOME *")),
            (["echo", "-c"], .line("echo -c")),
            (["printf", "[%s]\\n", "a b", "c'd"], .line("printf '[%s]\\n' 'a b' 'c'\\''d'")),
            (["echo", "$HOME", "*", "", "a;b"], .line("echo '$HOME' '*' '' 'a;b'")),
            (["echo $HOME | wc -c"], .line("echo $HOME | wc -c")),
            (["-c", "echo $HOME | wc -c"], .line("echo $HOME | wc -c")),
            ([" "], .loginShell),
            (["", ""], .line("'' ''")),
            (["A=b", "c"], .line("'A=b' c")),
            (["script.sh"], .script(path: "script.sh")),
            (["script.sh", "argument"], .line("script.sh argument")),
            (["-c", "script.sh"], .line("script.sh")),
        ] as [([String], RemoteCommand)])
    func oneWordIsACommandLineAndSeveralAreAnArgumentVector(_ arguments: [String], _ expected: RemoteCommand) {
        #expect(RemoteCommand.make(arguments: arguments) { $0 == "script.sh" } == expected)
    }

    @Test(
        arguments: [
            (["printf", "[%s]\\n", "a b"], .line("printf [%s]\\n a b")),
            (["echo", "$HOME", "*"], .line("echo $HOME *")),
            (["ls"], .line("ls")),
            (["-c", "ls"], .line("ls")),
            (["script.sh"], .script(path: "script.sh")),
            ([], .loginShell),
        ] as [([String], RemoteCommand)])
    func lagoJoinsWithoutQuoting(_ arguments: [String], _ expected: RemoteCommand) {
        #expect(RemoteCommand.make(arguments: arguments, joining: .unquoted) { $0 == "script.sh" } == expected)
    }

    @Test func aGuestShellReceivesTheArgumentVectorUnchanged() async throws {
        let words = ["a b", "c'd", "", "$HOME", "*", "x\ny", "-n", "\\", "\"q\"", "é;|&"]
        guard case .line(let line) = RemoteCommand.make(arguments: ["printf", "[%s]"] + words, isFile: { _ in false }) else {
            Issue.record("expected a command line")
            return
        }
        #expect(try await Tool.run("sh", ["-c", line]) == words.map { "[\($0)]" }.joined())
    }

    @Test func aDirectoryIsNoScript() throws {
        let workspace = try Workspace()
        let file = try workspace.write("s.sh", "true\n")
        #expect(RemoteCommand.make(arguments: [file]) == .script(path: file))
        #expect(RemoteCommand.make(arguments: [workspace.path]) == .line(workspace.path))
    }

    @Test func aQuotedWordSurvivesARealShell() async throws {
        var generator = SeededGenerator(seed: 7)
        print("seed \(generator.seed)")
        let alphabet = Array("ab'\"\\$`!*? \n\t~#&;|<>()[]{}é-")
        for _ in 0..<20 {
            let text = String((0..<Int.random(in: 0...12, using: &generator)).map { _ in alphabet.randomElement(using: &generator) ?? "x" })
            let output = try await Tool.run("sh", ["-c", "printf %s " + ShellWord.quoted(text)])
            #expect(output == text)
        }
    }
}
