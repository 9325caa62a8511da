import AtollCommands
import AtollPlatform
import Foundation
import Testing

extension IntegrationTests {
    @Suite(.serialized) struct TinyEnvironmentTests {
        @Test(.timeLimit(.minutes(8))) func theWholeLifeOfTwoMachines() async throws {
            let product = try Product()
            let up = try await product.succeed("up", "\(Product.root)/init-examples/two-vms.yaml")
            #expect(
                up.contains("READY. Next: ") && up.contains("\nVM ") && up.split(separator: "\n").last?.contains(" ready ") == true, "\(up)"
            )

            // Exit codes, streams and words pass through untouched.
            #expect(try await product.succeed("shell", "vm-a", "-c", "hostname").hasPrefix("vm-a"))
            let failing = try await product.run("shell", "vm-b", "-c", "echo out; echo err >&2; exit 41")
            #expect(failing.status == 41 && failing.standardOutput == "out\n" && failing.standardError == "err\n")
            #expect(try await product.run("shell", "vm-b", "-c", "kill -9 $$").status == 137)
            #expect(try await product.succeed("shell", "vm-a", "printf", "[%s]\\n", "a  b", "c'd", "$HOME") == "[a  b]\n[c'd]\n[$HOME]\n")
            #expect(try await product.succeed("shell", "vm-a", "echo $((1+1)) | cat") == "2\n")

            // Names resolve on the management net, and the machines reach each other.
            let ping = try await product.run("shell", "vm-a", "-c", "ping -c 1 -w 20 vm-b")
            #expect(ping.status == 0, "\(ping)")

            let status = try await product.succeed("-f", "json", "status")
            let document = try #require(try JSONSerialization.jsonObject(with: Data(status.utf8)) as? [String: Any])
            let prefix = try #require(document["Prefix"] as? [String: Any])
            let machines = try #require(prefix["VMs"] as? [String: [String: Any]])
            #expect(machines.keys.sorted() == ["vm-a", "vm-b"])
            #expect(machines.values.allSatisfy { $0["status"] as? String == "running" && $0["root password"] is NSNull })

            // Start again changes nothing; stop of one keeps the network for the other.
            let again = try await product.run("start")
            #expect(again.status == 0 && !again.standardError.contains("* start"))
            try await product.succeed("stop", "vm-a")
            #expect(try await product.run("shell", "vm-b", "true").status == 0)
            let stopped = try await product.run("shell", "vm-a", "true")
            #expect(stopped.status == 2 && stopped.standardError.contains("atoll start vm-a"))
            #expect(try await product.succeed("logs", "vm-b").count > 100)

            try await product.succeed("destroy", "--yes")
            #expect(try Product.leftovers() == [])
            #expect(!SystemCall.exists(product.workdir))
        }

        @Test(.timeLimit(.minutes(8))) func memorySnapshotsAndPinnedHostKeys() async throws {
            let product = try Product()
            try await product.succeed("up", "\(Product.root)/init-examples/minimal.json")
            try await HostPortTests.checkMemoryAndSnapshots(product)

            // Host keys are pinned.
            let hosts = product.workdir + "/default/.atoll/known_hosts"
            let key = "AAAAC3NzaC1lZDI1NTE5AAAAIE9UaGVyS2V5VGhhdElzTm90VGhlR3Vlc3RzT3duS2V5"
            let changed = try AtomicFile.text(hosts).split(separator: "\n").map { line in
                line.split(separator: " ").prefix(2).joined(separator: " ") + " " + key
            }
            try AtomicFile.write(changed.joined(separator: "\n") + "\n", to: hosts)
            let refused = try await product.run("shell", "vm-a", "true")
            #expect(refused.status == 2 && refused.standardError.contains("SHA256:"), "\(refused)")
            try await product.succeed("destroy", "--yes")
            #expect(try Product.leftovers() == [])
        }
    }
}
