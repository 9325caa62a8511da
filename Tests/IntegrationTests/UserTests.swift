import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Testing

extension IntegrationTests {
    /// A user in group libvirt, in a home that nobody else may enter: QEMU runs as another user and still reaches its disks.
    @Suite(.serialized) struct UserTests {
        @Test(.timeLimit(.minutes(6))) func anEnvironmentWorksFromAClosedHome() async throws {
            let product = try Product()
            let home = product.workspace.path + "/home"
            try Directories.make(home)
            try await Tool.run("chown", ["nobody:libvirt", home])
            try await Tool.run("chmod", ["0700", home])
            let variables = [
                "HOME": home, "ATOLL_SHARE": Product.root, "ATOLL_WORKDIR_PATH": home + "/w", "TMPDIR": home,
            ]
            func asUser(_ words: String...) async throws -> Tool.Output {
                try await Tool.output(
                    "setpriv", ["--reuid=nobody", "--regid=libvirt", "--clear-groups", product.binary] + words, environment: variables)
            }
            // The workspace's own parents are closed to others; the home is entered by its path alone.
            try await Tool.run("chmod", ["0711", product.workspace.path])
            // Filters of networks are for members of the group too.
            let text = try AtomicFile.text("\(Product.root)/init-examples/minimal.json")
            let file = home + "/closed.json"
            let closed = text.replacing("\"net-01\": {", with: "\"net-01\": {\"egress\": \"off\", ")
            #expect(closed != text)
            try AtomicFile.write(closed, to: file, mode: 0o644)
            let up = try await asUser("up", file)
            try #require(up.status == 0, "\(up.standardError)")
            #expect(try await asUser("shell", "vm-a", "-c", "hostname").standardOutput == "vm-a\n")
            #expect(try await asUser("logs", "vm-a").standardOutput.count > 50)
            // libvirt relabelled nothing, and the home is as closed as before.
            let images = try #require(SymbolicLink.target(home + "/w/default/images"))
            for name in try Directories.list(images) {
                let owner = try await Tool.run("stat", ["-c", "%U %a", images + "/" + name])
                #expect(owner.hasPrefix("nobody "), "\(name): \(owner)")
                #expect(owner.trimmingCharacters(in: .newlines).hasSuffix("0"), "\(name) is open to others: \(owner)")
            }
            #expect(try await Tool.run("stat", ["-c", "%a", home]) == "700\n")
            // virtlogd goes on in a file of root's after 2 MB: what came before is still shown, and what is missing is said.
            let console = images + "/vm-a.console.log"
            try await Tool.run("mv", [console, console + ".0"])
            try AtomicFile.write("newer", to: console, mode: 0o600)
            let logs = try await asUser("logs", "vm-a")
            #expect(logs.status == 0 && logs.standardOutput.count > 50 && logs.standardError.contains("only root may read"), "\(logs)")
            let destroy = try await asUser("destroy", "--yes")
            #expect(destroy.status == 0, "\(destroy)")
            #expect(try Product.leftovers() == [])
        }
    }

    /// Guests whose identity is written offline, and those that bring nothing.
    @Suite(.serialized) struct BootstrapTests {
        @Test(.timeLimit(.minutes(8))) func sysprepGivesEachCloneItsIdentity() async throws {
            let product = try Product()
            let file = try product.workspace.write(
                "sysprep.yaml",
                """
                common: &common
                  memory: 256
                  vcpu: 1
                  bootstrap: sysprep
                  root-password: hunter2
                  nics: [{net: m}]
                  disks: [{template_name: tiny, type: template, name: root, dev: vda, format: qcow2}]
                domains:
                  one: *common
                  two: *common
                nets:
                  m: {type: nat, management: true, dhcp: {start: 100, end: 254}}
                """)
            let up = try await product.run("up", file)
            try #require(up.status == 0, "\(up.standardError)")
            #expect(!up.standardError.contains("hunter2"))
            for name in ["one", "two"] { #expect(try await product.succeed("shell", name, "-c", "hostname") == "\(name)\n") }
            let status = try await product.succeed("-f", "json", "status")
            #expect(status.contains("\"root password\": \"hunter2\""))
            #expect(!(try AtomicFile.text(product.workdir + "/default/logs/atoll.log")).contains("hunter2"))
            try await product.succeed("destroy", "--yes")
            #expect(try Product.leftovers() == [])
        }
    }
}
