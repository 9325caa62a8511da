import AtollCommands
import AtollTestSupport
import Testing

extension IntegrationTests {
    /// What an init file asks for beside processors and memory.
    @Suite(.serialized) struct HardwareTests {
        private static func file(_ domain: String, disk: String) -> String {
            """
            domains:
              a: {memory: 128, vcpu: 1, nics: [{net: n}], \(domain)
                disks: [{template_name: tiny, type: template, name: root, dev: vda, format: qcow2, \(disk)}]}
            nets: {n: {type: nat, management: true}}
            """
        }

        @Test(.timeLimit(.minutes(6))) func theRootFilesystemFillsALargerDiskAndATPMIsThere() async throws {
            let product = try Product()
            let file = try product.workspace.write("wishes.yaml", Self.file("tpm: true,", disk: "size: 1G"))
            try await product.succeed("up", file)
            func blocks() async throws -> Int {
                let line = try await product.succeed("shell", "a", "-c", "df -k / | tail -n 1")
                let words = line.split(whereSeparator: \.isWhitespace)
                try #require(words.count > 1, "\(line)")
                return try #require(Int(words[1]), "\(line)")
            }
            #expect(try await blocks() > 900 * 1024)
            #expect(try await product.run("shell", "a", "-c", "test -c /dev/tpm0").status == 0)
            // A later boot finds it grown, and what was written is still there.
            try await product.succeed("shell", "a", "-c", "echo kept > /root/kept; sync")
            try await product.succeed("stop", "a")
            try await product.succeed("start")
            try await product.succeed("wait")
            #expect(try await blocks() > 900 * 1024)
            #expect(try await product.succeed("shell", "a", "-c", "cat /root/kept") == "kept\n")
            try await product.succeed("destroy", "--yes")
            #expect(try Product.leftovers() == [])
        }

        @Test(.timeLimit(.minutes(2))) func whatTheImageCannotDoIsRefusedAtItsPlace() async throws {
            let product = try Product()
            let wrong = [
                ("", "size: 100M", "domains.a.disks[0].size: 100 MiB is less than atoll:tiny:1 has, 256 MiB"),
                ("firmware: uefi,", "size: 1G", "domains.a.firmware: atoll:tiny:1 has no EFI loader"),
            ]
            for (domain, disk, message) in wrong {
                let file = try product.workspace.write("wrong.yaml", Self.file(domain, disk: disk))
                let refused = try await product.run("up", file)
                #expect(refused.status == 2 && refused.standardError.contains(message), "\(refused)")
            }
            #expect(try Product.leftovers() == [])
        }
    }
}
