import AtollHostPorts
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

@Suite struct OriginTests {
    @Test func placesAreExpandedWithTheVariablesOfTheInit() {
        let variables = ["LAGO_INITFILE_PATH": "/files"]
        #expect(DiskSpec.Origin.qcow2(path: "$LAGO_INITFILE_PATH/a").expanded(variables) == .qcow2(path: "/files/a"))
        #expect(
            DiskSpec.Origin.file(path: nil, url: "file://${LAGO_INITFILE_PATH}/b.iso", copy: true).expanded(variables)
                == .file(path: nil, url: "file:///files/b.iso", copy: true))
        #expect(DiskSpec.Origin.empty(size: "$X").expanded(variables) == .empty(size: "$X"))
    }
}
