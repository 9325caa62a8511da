import AtollPlatform
import AtollTestSupport
import Testing

extension IntegrationTests {
    /// Debian's own cloud-init reads our seeds: identity, pinned host key, static address, and what the user wrote on top.
    @Suite(.serialized) struct CloudInitTests {
        @Test(.timeLimit(.minutes(10))) func cloudInitReadsOurSeed() async throws {
            let product = try Product()
            let file = try product.workspace.write(
                "cloud.yaml",
                """
                domains:
                  cloudy:
                    memory: 768
                    vcpu: 2
                    bootstrap: cloud-init
                    cloud-init:
                      user-data:
                        write_files:
                          - {path: /etc/atoll-was-here, content: "it's $HOME"}
                    nics: [{net: m}]
                    disks: [{template_name: debian-12-cloud, type: template, name: root, dev: vda, format: qcow2}]
                nets:
                  m: {type: nat, management: true}
                """)
            let up = try await product.run("up", file)
            try #require(up.status == 0, "\(up.standardError)")
            // The host key that answered is the one the seed brought: anything else is refused.
            #expect(try await product.succeed("shell", "cloudy", "-c", "hostname") == "cloudy\n")
            let done = try await product.run("shell", "cloudy", "-c", "cloud-init status --wait >/dev/null; cat /etc/atoll-was-here")
            #expect(done.standardOutput == "it's $HOME", "\(done)")
            // The net has no DHCP: the address can only have come from the seed.
            #expect(try await product.succeed("shell", "cloudy", "-c", "ip -4 -o addr show eth0").contains("192.168.200.2/24"))
            try await product.succeed("destroy", "--yes")
            #expect(try Product.leftovers() == [])
        }
    }
}
