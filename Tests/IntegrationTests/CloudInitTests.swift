import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Testing

extension IntegrationTests {
    /// Debian's own cloud-init reads our seeds: identity, pinned host key, static address, and what the user wrote on top.
    @Suite(.serialized) struct CloudInitTests {
        @Test(.timeLimit(.minutes(10))) func cloudInitReadsOurSeed() async throws {
            let product = try Product()
            var text = try AtomicFile.text("\(Product.root)/init-examples/new-keys.yaml").replacing("Made by Atoll.", with: "it's $HOME")
            // An address on a net without DHCP can only have come from the seed.
            let lease = try #require(text.range(of: "    dhcp:\n      start: 100\n      end: 254\n", options: .backwards))
            text.removeSubrange(lease)
            let up = try await product.run("up", try product.workspace.write("cloud.yaml", text))
            try #require(up.status == 0, "\(up.standardError)")
            // The host key that answered is the one the seed brought: anything else is refused.
            #expect(try await product.succeed("shell", "seeded", "-c", "hostname") == "seeded\n")
            let done = try await product.run("shell", "seeded", "-c", "cloud-init status --wait >/dev/null; cat /etc/motd")
            #expect(done.standardOutput == "it's $HOME\n", "\(done)")
            #expect(try await product.succeed("shell", "seeded", "-c", "ip -4 -o addr show eth1").contains(" 10.11.12.2/24"))
            // Nothing gave the other one our key: that its ssh server answers is all that can be waited for.
            #expect(up.standardError.contains("wait for untouched") && up.standardOutput.contains("READY. Next: "), "\(up)")
            let stranger = try await product.run("shell", "untouched", "true")
            #expect(stranger.status == 2 && stranger.standardError.contains("login refused"), "\(stranger)")
            try await product.succeed("destroy", "--yes")
            #expect(try Product.leftovers() == [])
        }
    }
}
