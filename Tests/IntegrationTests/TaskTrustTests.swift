import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Testing

extension IntegrationTests {
    /// Whom a run hands its task to.
    @Suite(.serialized) struct TaskTrustTests {
        @Test("a machine that is not known by its key gets nothing, and the run says what to do", .timeLimit(.minutes(1)))
        func hostKeys() async throws {
            let tasks = try TaskProduct()
            let lines = tasks.workspace.path + "/commands"
            let machine = try await LoopbackMachine(
                tasks, options: ["ForceCommand echo x >> \(lines); exec sh -c \"$SSH_ORIGINAL_COMMAND\""])
            defer { machine.close() }
            let known = tasks.workspace.path + "/.ssh/known_hosts"
            let right = try AtomicFile.text(known)
            let place = right.prefix { $0 != " " }
            let another = try AtomicFile.text(machine.keyPath + ".pub").split(separator: " ").prefix(2).joined(separator: " ")
            let port = String(try #require(machine.address.split(separator: ":").last))
            try tasks.formula("trust", "  - shell: echo here")
            func run(_ name: String) async throws -> Tool.Output {
                try await tasks.run(["runtask", "--uuid", name] + machine.options + TaskProduct.item + ["trust.yml"])
            }
            let cases: [(name: String, known: String?, says: [String])] = [
                ("nobody", nil, ["no host key is known for", "SHA256:"]),
                ("stranger", "", ["no host key is known for", "SHA256:"]),
                (
                    "changed", "\(place) \(another)\n",
                    ["the host key of [127.0.0.1]:\(port) changed", "expected ssh-ed25519 SHA256:", "ssh-keygen -R '[127.0.0.1]:\(port)'"]
                ),
                // Known as another machine only.
                ("elsewhere", right.replacing("127.0.0.1", with: "127.0.0.2"), ["no host key is known for"]),
            ]
            for entry in cases {
                try await Tool.run("rm", ["-f", known])
                if let text = entry.known { try AtomicFile.write(text, to: known) }
                let result = try await run(entry.name)
                #expect(result.status == 102, "\(entry.name): \(result)")
                for text in entry.says + ["ssh -p \(port) -i \(machine.keyPath) root@127.0.0.1"] {
                    #expect(result.standardError.contains(text), "\(entry.name): \(text) is not in \(result.standardError)")
                }
                #expect(try tasks.results(entry.name).first?.hasPrefix("scratch.trust ABORTED") == true)
                // Nobody logged in, nothing was copied, and the key is not learnt.
                #expect(!SystemCall.exists(lines) && !SystemCall.exists("/var/tmp/atoll-\(entry.name)"), "\(entry.name)")
                #expect(try Directories.list(tasks.workspace.path + "/minion") == [])
                #expect((try? AtomicFile.text(known)) == entry.known, "\(entry.name)")
            }
            // Its own key, the name hashed as many systems have it.
            try AtomicFile.write(right, to: known)
            try await Tool.run("ssh-keygen", ["-q", "-H", "-f", known])
            let result = try await run("friend")
            #expect(result.status == 0 && result.standardOutput == "here\n", "\(result)")
        }
    }
}
