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
            (["script.sh"], .script(path: "script.sh")),
            (["script.sh", "argument"], .line("script.sh argument")),
            (["-c", "script.sh"], .line("script.sh")),
        ] as [([String], RemoteCommand)])
    func argumentsMeanWhatLagosMeant(_ arguments: [String], _ expected: RemoteCommand) {
        #expect(RemoteCommand.make(arguments: arguments) { $0 == "script.sh" } == expected)
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
