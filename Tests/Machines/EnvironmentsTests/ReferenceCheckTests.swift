import AtollCommands
import AtollInitFile
import AtollModel
import AtollTestSupport
import Testing

@testable import AtollEnvironments

/// What a real init refuses before it fetches anything, with its place in the file.
@Suite struct ReferenceCheckTests {
    let space: Workspace
    init() throws { space = try Workspace("references") }

    /// Findings as text, for one VM with these lines of YAML in it.
    private func findings(_ lines: String) async throws -> [String] {
        let body = lines.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
        let text = "domains:\n  a:\n    nics: [{net: m}]\n\(body)\nnets: {m: {type: nat, management: true}}\n"
        let spec = try InitFile.parse(text, file: "f.yaml").spec
        let check = ReferenceCheck(variables: ["HOME": space.path], templates: nil)
        return await check.findings(spec, as: .error).map(\.description)
    }

    @Test func scriptsThatWouldBecomeOneFileAreRefused() async throws {
        for name in ["d/b", "d_b"] { try space.write(name, "") }
        let found = try await findings(
            "metadata:\n  deploy-scripts:\n    - ~/d/b\n    - ~/d/b\n    - $HOME/d_b\n")
        let named = (space.path + "/d_b").replacing("/", with: "_")
        #expect(found.count == 1 && found.first?.hasPrefix("f.yaml:8:") == true, "\(found)")
        #expect(found.first?.contains("\(space.path)/d_b would be called \(named) in the prefix, as \(space.path)/d/b is") == true)
    }

    @Test func homeMeansTheSameWhereAFileIsLookedUpAndWhereItIsUsed() async throws {
        try space.write("s", "")
        #expect(try await findings("metadata: {deploy-scripts: [~/s]}") == [])
        let variables = ["HOME": space.path]
        #expect(DeployScripts(variables: variables).source("~/s") == space.path + "/s")
        #expect(DiskSpec.Origin.qcow2(path: "~/a").expanded(variables) == .qcow2(path: space.path + "/a"))
        #expect(
            DiskSpec.Origin.file(path: "~/a", url: nil, copy: true).expanded(variables)
                == .file(path: space.path + "/a", url: nil, copy: true))
    }

    @Test func anUnknownBuilderIsRefusedAtItsLine() async throws {
        let found = try await findings(
            """
            disks:
              - name: root
                dev: vda
                format: qcow2
                type: empty
                size: 1G
                build:
                  - virt-customize: {touch: /x}
                  - docker: {}
            """)
        #expect(found.count == 1 && found.first?.hasPrefix("f.yaml:12:") == true, "\(found)")
        #expect(found.first?.contains("Command docker is not supported as a build command; there is: virt-customize") == true)
    }

    @Test func cloudInitContentIsReadBeforeAnythingIsMade() async throws {
        try space.write("list", "- a\n")
        let found = try await findings(
            """
            cloud-init:
              user-data: {path: ~/list}
              meta-data: {path: ~/gone}
              userdata: {}
            """)
        #expect(found.count == 3, "\(found)")
        #expect(found.first?.hasPrefix("f.yaml:5:") == true && found.first?.contains("expected a mapping, found a list") == true)
        #expect(found.dropFirst().first?.contains("the cloud-init file \(space.path)/gone does not exist") == true)
        #expect(found.last?.contains("userdata: unknown key; allowed are") == true)
    }

    @Test func aBaseOnAMissingTemplateSaysWhichOne() async throws {
        let base = space.path + "/base.qcow2"
        try await Tool.run("qemu-img", ["create", "-q", "-u", "-f", "qcow2", "-b", "./el9-base:v2", "-F", "raw", base, "1M"])
        let disk = { (more: String) in "disks: [{name: root, dev: vda, format: qcow2, \(more)}]" }
        for written in ["type: template, template_type: qcow2, path: ~/base.qcow2", "type: file, path: ~/base.qcow2"] {
            let found = try await findings(disk(written))
            #expect(found.count == 1 && found.first?.hasPrefix("f.yaml:4:") == true, "\(found)")
            #expect(found.first?.contains("atoll template fetch el9-base --version-name v2") == true, "\(found)")
        }
        try await Tool.run("qemu-img", ["create", "-q", "-f", "raw", space.path + "/el9-base:v2", "1M"])
        #expect(try await findings(disk("type: file, path: ~/base.qcow2")) == [])
    }
}
