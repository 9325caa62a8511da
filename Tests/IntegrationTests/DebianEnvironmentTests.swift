import AtollCommands
import AtollPlatform
import AtollTestSupport
import Testing

extension IntegrationTests {
    @Suite(.serialized) struct DebianEnvironmentTests {
        @Test(.timeLimit(.minutes(12))) func threeVMsOnTwoNetworks() async throws {
            let product = try Product()
            // One is prepared offline, one reads its seed, one boots as its template is.
            let text = try AtomicFile.text("\(Product.root)/init-examples/debian-two-vms.yaml")
                .replacing("  server:\n", with: "  server:\n    bootstrap: sysprep\n")
                .replacing(
                    "  client:\n", with: "  bare:\n    <<: *debian\n    bootstrap: none\n    nics: [{net: management}]\n\n  client:\n")
            let file = try product.workspace.write("three.yaml", text)
            try await product.succeed("up", file)
            for (name, other) in [("server", "client"), ("client", "server")] {
                // By name over the management net; by address over the isolated one, which has no way round.
                let byName = try await product.run(
                    "shell", name, "-c", "getent hosts \(other) && getent hosts www.example.com && ping -c 1 -W 10 \(other)")
                #expect(byName.status == 0, "\(byName)")
                #expect(try await product.succeed("shell", name, "-c", "hostname") == "\(name)\n")
                let addresses = try await product.succeed("shell", other, "-c", "ip -4 -o addr show eth1")
                let address = try #require(addresses.firstMatch(of: /inet ([0-9.]+)\//)?.1)
                let byAddress = try await product.run("shell", name, "-c", "ping -c 1 -W 10 -I eth1 \(address)")
                #expect(byAddress.status == 0, "\(byAddress)")
            }
            _ = try await product.agent("bare", "getent hosts server && getent hosts www.example.com")
            #expect(try await product.run("shell", "server", "-c", "exit 3").status == 3)
            GuestIdentityProbe.expectDistinct([
                "server": try await product.succeed("shell", "server", "-c", GuestIdentityProbe.debian),
                "client": try await product.succeed("shell", "client", "-c", GuestIdentityProbe.debian),
                "bare": try await product.agent("bare", GuestIdentityProbe.debian),
            ])
            try await product.succeed("destroy", "--yes")
            #expect(try Product.leftovers() == [])
        }
    }
}
