import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Testing

extension IntegrationTests {
    /// What others have on the host, and a libvirt that goes: nobody else's is touched, and the error says whose it is.
    @Suite(.serialized) struct ForeignObjectTests: RefusingSuite {
        @Test(.timeLimit(.minutes(2))) func foreignObjectsWithOurNames() async throws {
            let product = try Product()
            try await product.succeed("init", product.workdir, Self.twoMachines)
            let id = try AtomicFile.text(product.workdir + "/default/uuid")
            let (domain, network) = ("\(id.prefix(8))-vm-a", "\(id.prefix(4))-net-01")
            let foreignNetwork = try product.workspace.write(
                "n.xml", "<network><name>\(network)</name><ip address='10.77.0.1' netmask='255.255.255.0'/></network>")
            let foreignDomain = try product.workspace.write(
                "d.xml",
                "<domain type='qemu'><name>\(domain)</name><memory unit='MiB'>32</memory><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>"
            )
            try await Tool.run("virsh", ["-q", "net-create", foreignNetwork])
            try await refuse(product, ["start"], "network called \(network) that this environment did not make; it is left alone")
            try await product.succeed("stop")
            try await Tool.run("virsh", ["-q", "net-destroy", network])
            try await Tool.run("virsh", ["-q", "create", foreignDomain])
            try await refuse(product, ["start"], "domain called \(domain) that this environment did not make", "rolled back: ")
            try await refuse(product, ["shell", "vm-a", "true"], "did not make")
            try await product.succeed("destroy", "--yes")
            #expect(try await Tool.run("virsh", ["-q", "list", "--name"]).contains(domain))
            try await Tool.run("virsh", ["-q", "destroy", domain])
            try expectNothing(product)
        }

        /// libvirt 9.0 shows the name of such a network's domain unescaped, which is no XML; a later one may not.
        @Test(.timeLimit(.minutes(2))) func aForeignNetworkThatCannotBeRead() async throws {
            let product = try Product()
            let file = try product.workspace.write(
                "n.xml",
                "<network><name>odd</name><domain name='o&apos;x&lt;&amp;'/><ip address='10.77.0.1' netmask='255.255.255.0'/></network>")
            try await Tool.run("virsh", ["-q", "net-create", file])
            let shown = try await Tool.run("virsh", ["net-dumpxml", "odd"])
            let checked = try await product.run("init", product.workdir, Self.twoMachines)
            #expect(checked.status == 0, "\(checked)")
            #expect(checked.standardError.contains("network 'odd': unreadable XML") == shown.contains("o'x<&"), "\(checked)")
            try await product.succeed("start")
            #expect(try await product.succeed("-f", "json", "status").contains("\"running\""))
            try await product.succeed("stop")
            try await product.succeed("destroy", "--yes")
            #expect(try await Tool.run("virsh", ["-q", "net-list", "--name"]).contains("odd"))
            try await Tool.run("virsh", ["-q", "net-destroy", "odd"])
            try expectNothing(product)
        }

        /// One subnet, two environments and a route; then a bridge that a killed libvirtd left.
        @Test(.timeLimit(.minutes(2))) func subnetsAndBridgesThatOthersHave() async throws {
            let product = try Product()
            let file = try product.workspace.write(
                "i.yaml",
                "domains:\n" + Self.machine("v") + "nets:\n  m: {type: isolated, management: true, gw: 10.11.12.1}\n")
            let other = product.workspace.path + "/w2"
            try await product.succeed("init", product.workdir, file)
            try await product.succeed("init", other, file)
            try await product.succeed("start")
            let second = try await product.run(["start"], environment: ["ATOLL_WORKDIR_PATH": other])
            #expect(second.status == 2, "\(second)")
            #expect(second.standardError.contains("Stop that with: atoll --prefix-path \(product.workdir)/default stop"), "\(second)")
            try await product.succeed("stop")
            try await Tool.run("ip", ["link", "add", "rival", "type", "bridge"])
            try await Tool.run("ip", ["address", "add", "10.11.12.9/24", "dev", "rival"])
            try await Tool.run("ip", ["link", "set", "rival", "up"])
            try await refuse(product, ["start"], "remove it with: sudo ip route del 10.11.12.0/24 dev rival")
            try await Tool.run("ip", ["link", "delete", "rival"])
            try await product.succeed("start")
            let bridge = try #require(try Directories.list("/sys/class/net").first { $0.hasPrefix("at") })
            try await product.succeed("stop")
            try await Tool.run("ip", ["link", "add", bridge, "type", "bridge"])
            try await product.succeed("start")
            try await product.succeed("stop")
            try await Tool.run("ip", ["link", "add", bridge, "type", "bridge"])
            try await product.succeed("destroy", "--yes")
            #expect(try await product.run(["destroy", "--yes"], environment: ["ATOLL_WORKDIR_PATH": other]).status == 0)
            try expectNothing(product)
        }

        @Test(.timeLimit(.minutes(2))) func libvirtGoesAndComesBack() async throws {
            let product = try Product()
            let sandbox = Product.root + "/scripts/in-sandbox"
            try await product.succeed("init", product.workdir, Self.twoMachines)
            try await product.succeed("start", "vm-a")
            // Crashed while a verb waits for a guest: the wait needs it no more.
            async let waited = product.run("wait", "vm-a", "--timeout", "120")
            try await Tool.run(sandbox, ["--restart-libvirtd", "KILL"])
            let wait = try await waited
            #expect(
                wait.status == 0 || wait.standardError.contains("libvirt does not answer at qemu:///system. Start it with: "), "\(wait)")
            #expect(try await product.succeed("-f", "json", "status").contains("\"running\""))
            try await Tool.run(sandbox, ["--stop-libvirtd"])
            for verb in [
                ["start"], ["stop"], ["destroy", "--yes"], ["shell", "vm-a", "true"],
                ["init", product.workspace.path + "/w2", Self.twoMachines],
            ] {
                try await refuse(product, verb, "libvirt does not answer at qemu:///system", "atoll doctor")
            }
            #expect(!SystemCall.exists(product.workspace.path + "/w2"))
            #expect(try await product.succeed("status").contains("failed to get state"))
            #expect(try await product.run("validate", Self.twoMachines).status == 0)
            try await Tool.run(sandbox, ["--start-libvirtd"])
            try await refuse(product, ["--libvirt_url", "bogus:///x", "start"], "libvirt does not answer at bogus:///x")
            try await product.succeed("destroy", "--yes")
            try expectNothing(product)
        }
    }
}
