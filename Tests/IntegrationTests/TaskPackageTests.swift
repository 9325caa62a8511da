import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Testing

extension IntegrationTests {
    /// Packages a formula asks for, installed in a real guest from a repository that this host serves: there is no other within reach.
    @Suite(.serialized) struct TaskPackageTests {
        @Test("packages come from a repository of minion_repos; one that is nowhere is ABORTED", .timeLimit(.minutes(6)))
        func fromAServedRepository() async throws {
            let tasks = try TaskProduct()
            // An address of this host that a guest reaches by its gateway, whatever its subnet is.
            let address = "10.98.7.1"
            try await Tool.run("ip", ["address", "add", "\(address)/32", "dev", "lo"])
            let repository = try await Self.repository(in: tasks.workspace)
            let server = Task { try await Tool.output("python3", ["-m", "http.server", "8098", "--bind", address, "-d", repository]) }
            defer { server.cancel() }
            try tasks.workspace.write(
                ".config/taskotron/taskotron.yaml", "minion_repos: ['deb [trusted=yes] http://\(address):8098 ./']\n")
            try tasks.formula("pkg", "  - shell: atoll-greeting > ${artifactsdir}/greeting", more: "environment: {deb: [atoll-greeting]}\n")
            // This host is closed to a task unless it is opened.
            let common = ["runtask", "--libvirt", "--image", "debian-12", "--egress", "\(address):8098"] + TaskProduct.item
            let result = try await tasks.run(common + ["--uuid", "pkg", "--keep-on", "always", "pkg.yml"])
            #expect(result.status == 0, "\(result.standardError)")
            #expect(try tasks.text("pkg", "greeting") == "hello from a package\n")
            #expect(try tasks.text("pkg", "taskotron/packages.log").contains("atoll-greeting"))
            #expect(try (tasks.record("pkg")["packages"] as? [String]) == ["atoll-greeting"])

            // The same machine over ssh: it has the package, and no other can be had.
            let prefix = "/var/lib/atoll/runs/pkg/vm"
            try Directories.make(tasks.workspace.path + "/.ssh", mode: 0o700)
            try AtomicFile.write(try AtomicFile.text(prefix + "/.atoll/known_hosts"), to: tasks.workspace.path + "/.ssh/known_hosts")
            let login = try #require(result.standardError.split(separator: " ").last { $0.hasPrefix("root@192.168.") })
            let machine = String(login.prefix { $0 != "\n" })
            try tasks.formula("none", "  - shell: echo never", more: "environment: {deb: [atoll-greeting, atoll-no-such-package]}\n")
            let none = try await tasks.run(
                ["runtask", "--ssh", machine, "--ssh-privkey", prefix + "/id_ed25519", "--uuid", "none"] + TaskProduct.item + ["none.yml"])
            #expect(none.status == 102, "\(none.standardError)")
            #expect(none.standardError.contains("atoll-no-such-package"))
            #expect(try tasks.results("none").first?.hasPrefix("scratch.none ABORTED") == true)
            try await tasks.run(["gc", "pkg"])
            #expect(try await TaskProduct.lastingLeftovers() == [])
        }

        /// A flat repository with one package in it.
        private static func repository(in workspace: Workspace) async throws -> String {
            let tree = "package/usr/bin/atoll-greeting"
            try workspace.write(tree, "#!/bin/sh\necho hello from a package\n")
            try await Tool.run("chmod", ["0755", workspace.path + "/" + tree])
            let control = """
                Package: atoll-greeting
                Version: 1.0
                Architecture: all
                Maintainer: Nobody <nobody@localhost>
                Description: says hello

                """
            try workspace.write("package/DEBIAN/control", control)
            try workspace.write("repository/placeholder", "")
            let directory = workspace.path + "/repository"
            let file = directory + "/atoll-greeting_1.0_all.deb"
            try await Tool.run("dpkg-deb", ["--root-owner-group", "--build", workspace.path + "/package", file])
            let bytes = try AtomicFile.read(file)
            let entry =
                control.trimmingCharacters(in: .newlines)
                + "\nFilename: ./atoll-greeting_1.0_all.deb\nSize: \(bytes.count)\nSHA256: \(Digest.sha256(bytes))\n\n"
            try workspace.write("repository/Packages", entry)
            return directory
        }
    }
}
