import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Testing

extension IntegrationTests {
    /// Debian's own cloud-init reads our seeds: identity, pinned host key, static address, and what the user wrote on top. Beside it, VMs
    /// that have no seed: of the same template, and two of `tiny`.
    @Suite(.serialized) struct CloudInitTests {
        private static let name = "seeded.example.com"
        private static let userData = """
                  vendor-data: {runcmd: [[touch, /root/vendor-ran]]}
                  user-data: |
                    #cloud-config-archive
                    - type: text/cloud-config
                      content: |
                        disable_root: true
                        write_files: [{path: /etc/motd, content: "it's $HOME\\n"}]
                    - type: text/x-shellscript
                      content: |
                        #!/bin/sh
                        sleep 3
                        touch /root/script-ran

            """
        @Test(.timeLimit(.minutes(10))) func cloudInitReadsOurSeed() async throws {
            let product = try Product()
            var text = try AtomicFile.text("\(Product.root)/init-examples/new-keys.yaml").replacing("seeded:", with: "\(Self.name):")
            // Parts of several formats, one of which would shut us out: ours come last.
            let (start, end) = (try #require(text.range(of: "      user-data:\n")), try #require(text.range(of: "      meta-data:\n")))
            text.replaceSubrange(start.lowerBound..<end.lowerBound, with: Self.userData)
            // An address on a net without DHCP can only have come from the seed.
            let lease = try #require(text.range(of: "    dhcp:\n      start: 100\n      end: 254\n", options: .backwards))
            text.removeSubrange(lease)
            text = text.replacing("    management: true\n", with: "    management: true\n    dns_records: {www.example.com: 10.1.2.3}\n")
            let cloud = "disks: [{template_name: debian-12-cloud, type: template, name: root, dev: vda, format: qcow2}]"
            let tiny = cloud.replacing("debian-12-cloud", with: "tiny")
            let others = """
                domains:
                  prepared: {memory: 512, vcpu: 1, bootstrap: sysprep, nics: [{net: management}], \(cloud.replacing("qcow2}", with: "qcow2, size: 5G}"))}
                  bare: {memory: 512, vcpu: 1, bootstrap: none, nics: [{net: management}], \(cloud)}
                  alike: {memory: 256, vcpu: 1, bootstrap: none, nics: [{net: management}], \(tiny)}

                """
            text = text.replacing("domains:\n", with: others)
            let up = try await product.run("up", try product.workspace.write("cloud.yaml", text))
            try #require(up.status == 0, "\(up.standardError)")
            let lookup = "getent hosts prepared && getent hosts www.example.com"
            #expect(try await product.run("shell", Self.name, "-c", lookup).status == 0)
            // cloud-init left the host key that sysprep wrote.
            #expect(try await product.run("shell", "prepared", "-c", lookup.replacing("prepared", with: "seeded")).status == 0)
            #expect(try await product.run("shell", "prepared", "-c", "cloud-init status").standardOutput.contains("disabled"))
            let size = try await product.succeed("shell", "prepared", "-c", "df -k --output=size / | tail -n 1")
            #expect((Int(size.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0) > 4 << 20, "\(size)")
            _ = try await product.agent("bare", lookup)
            for name in ["alike", "untouched"] {
                _ = try await product.agent(name, "ping -c 1 www.example.com | grep 10.1.2.3; nslookup seeded")
            }
            // The host key that answered is the one the seed brought: anything else is refused.
            #expect(try await product.succeed("shell", Self.name, "-c", "hostname -f") == "\(Self.name)\n")
            let done = try await product.run("shell", Self.name, "-c", "ls /root/*-ran; getent hosts seeded >&2 && cat /etc/motd")
            #expect(done.standardOutput == "/root/script-ran\n/root/vendor-ran\nit's $HOME\n", "\(done)")
            #expect(try await product.succeed("shell", Self.name, "-c", "ip -4 -o addr show eth1").contains(" 10.11.12.2/24"))
            var identities = ["bare": try await product.agent("bare", GuestIdentityProbe.debian)]
            for name in [Self.name, "prepared"] {
                identities[name] = try await product.succeed("shell", name, "-c", GuestIdentityProbe.debian)
            }
            for name in ["alike", "untouched"] { identities[name] = try await product.agent(name, GuestIdentityProbe.tiny) }
            GuestIdentityProbe.expectDistinct(identities)
            // Nothing gave the other one our key: that its ssh server answers is all that can be waited for.
            #expect(up.standardError.contains("wait for untouched") && up.standardOutput.contains("READY. Next: "), "\(up)")
            let stranger = try await product.run("shell", "untouched", "true")
            #expect(stranger.status == 2 && stranger.standardError.contains("login refused"), "\(stranger)")
            try await product.succeed("destroy", "--yes")
            #expect(try Product.leftovers() == [])
        }
    }
}
