@testable import AtollEnvironments
import AtollModel
import Testing

@Suite struct BuildSectionTests {
    private let section = BuildSection(publicKey: "/p/id.pub")

    @Test func optionsKeepTheirOrderAndForms() throws {
        let commands = try section.commands([
            [
                "virt-customize": [
                    "run-command": ["true", "false"], "v": "", "touch": "/x", "ssh-inject": "", "selinux-relabel": nil, "empty": [],
                ]
            ],
            ["virt-customize": ["install": "vim"], "other": "ignored"],
        ])
        #expect(
            commands == [
                [
                    "--run-command", "true", "--run-command", "false", "-v", "--touch", "/x", "--ssh-inject", "root:file:/p/id.pub",
                    "--selinux-relabel", "--empty",
                ],
                ["--install", "vim"],
            ])
        #expect(try section.commands(nil).isEmpty)
    }

    @Test func unknownBuildersAreRefused() {
        let error = #expect(throws: EnvironmentError.self) { try section.commands([["docker": ["x": "y"]]]) }
        #expect(error?.message.contains("docker is not supported") == true)
    }
}
