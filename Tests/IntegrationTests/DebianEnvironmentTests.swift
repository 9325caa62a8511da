import AtollCommands
import AtollPlatform
import AtollTestSupport
import Testing

extension IntegrationTests {
    @Suite(.serialized) struct DebianEnvironmentTests {
        @Test(.timeLimit(.minutes(12))) func twoMachinesOnTwoNetworks() async throws {
            let product = try Product()
            // One of them is prepared offline, the other reads its seed.
            let text = try AtomicFile.text("\(Product.root)/init-examples/debian-two-vms.yaml")
            let file = try product.workspace.write("two.yaml", text.replacing("  server:\n", with: "  server:\n    bootstrap: sysprep\n"))
            try await product.succeed("up", file)
            let status = try await product.succeed("status")
            let names = ["server", "client"].filter { status.contains("[\($0)]") }
            try #require(names.count == 2, "\(status)")
            for (name, other) in [(names[0], names[1]), (names[1], names[0])] {
                // By name over the management net; by address over the isolated one, which has no way round.
                let byName = try await product.run("shell", name, "-c", "getent hosts \(other) && ping -c 1 -W 10 \(other)")
                #expect(byName.status == 0, "\(byName)")
                #expect(try await product.succeed("shell", name, "-c", "hostname") == "\(name)\n")
                let addresses = try await product.succeed("shell", other, "-c", "ip -4 -o addr show eth1")
                let address = try #require(addresses.firstMatch(of: /inet ([0-9.]+)\//)?.1)
                let byAddress = try await product.run("shell", name, "-c", "ping -c 1 -W 10 -I eth1 \(address)")
                #expect(byAddress.status == 0, "\(byAddress)")
            }
            #expect(try await product.run("shell", names[0], "-c", "exit 3").status == 3)
            let ids = try await [
                product.succeed("shell", names[0], "cat /etc/machine-id"), product.succeed("shell", names[1], "cat /etc/machine-id"),
            ]
            #expect(Set(ids).count == 2)
            try await product.succeed("destroy", "--yes")
            #expect(try Product.leftovers() == [])
        }
    }
}
