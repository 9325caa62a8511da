import AtollLibvirtHost
import AtollHostPorts
import AtollCommands
import AtollDiskImages
import AtollDomainPlan
import AtollHostFakes
import AtollModel
import AtollPlatform
import AtollTestSupport
import AtollVirtXML
import Foundation
import Glibc
import OrderedCollections
import Testing

extension IntegrationTests {
    /// The libvirt adapters obey the contract of the ports, as the fake host does in `HostContractTests`.
    @Suite(.serialized) struct HostPortTests {
        private static let link = LibvirtLink(uri: "qemu:///system")

        /// A domain without disks: the contract needs QEMU, not a guest.
        @Test(.timeLimit(.minutes(2))) func domainsNetworksAndFilters() async throws {
            let space = try Workspace("ports")
            let (id, stranger) = (try Self.prefix("fe68"), try Self.prefix("aaaa"))
            var small = DomainSpec(name: "a")
            small.memory = 64
            small.vcpu = 1
            var machine = Machine(spec: small, nics: [], managementNet: "m")
            machine.bootstrap = .sysprep
            let files = DomainPlanner.Files(
                consoleLog: space.path + "/console", nvram: space.path + "/nvram", seed: "", resolve: { $0 })
            try await QEMUFiles().createConsoleLog(at: files.consoleLog)
            let host = try await LibvirtHardware(Self.link).capabilities()
            let domain = try DomainPlanner(host: host, accelerator: .tcg).definition(
                of: machine, in: Environment(id: id, machines: ["a": machine], networks: [:]), files: files)
            #expect(try await HostContract.domains(LibvirtDomains(Self.link), domain, stranger: stranger) == [])

            let network = NetworkDefinition(
                name: try HostNames.network(id, "m"), bridge: HostNames.bridge(id, "m"), kind: .isolated,
                gateway: IPv4Address(10, 77, 1, 1), ownerTag: OwnerTag(prefix: id, role: .network, name: "m"))
            #expect(try await HostContract.networks(LibvirtNetworks(Self.link), network, stranger: stranger) == [])

            let address = IPv4Address(10, 9, 0, 1)
            var spec = NetSpec(name: "m")
            spec.egress = .only([Egress.Destination(.name("mirror.example"))])
            let names = ["mirror.example": [address]]
            let filter = try #require(
                EgressPlan.definition(
                    of: Network(spec: spec, gateway: IPv4Address(10, 77, 1, 1), management: true),
                    in: Environment(id: id, machines: [:], networks: [:]), hasIPv6: true, names: names, hostAddresses: [], served: []))
            #expect(
                try await HostContract.filters(LibvirtFilters(Self.link), filter, owner: id, stranger: stranger, names: names) == [])
            #expect(try Product.leftovers() == [])
        }

        /// Memory and snapshots of VM `vm-a`, which runs.
        static func checkMemoryAndSnapshots(_ product: Product) async throws {
            let files = PrefixFiles(path: product.workdir + "/default")
            let (id, stranger) = (try #require(files.id), try prefix("aaaa"))
            let name = HostNames.domain(id, "vm-a")
            let boot = ["shell", "vm-a", "-c", "cat /proc/sys/kernel/random/boot_id"]
            let before = try await product.run(boot)

            let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
            defer { close(descriptor) }
            #expect(
                try await HostContract.memory(
                    LibvirtMemory(link), LibvirtDomains(link), domain: name, owner: id, stranger: stranger,
                    file: product.workspace.path + "/saved", descriptor: descriptor) == [])
            // The guest resumed, it did not boot.
            let after = try await product.run(boot)
            #expect(after.status == 0 && after.standardOutput == before.standardOutput, "\(after)")

            let snapshots = LibvirtSnapshots(link)
            let top = try #require(try await snapshots.topLayers(ofDomain: name, owner: id)["vda"])
            let overlay = top + ".snapshot"
            try await QemuImg.createOverlay(overlay, on: top, format: .qcow2)
            _ = try ImageAccess.set(overlay, for: .disk)
            let owner = SystemCall.status(top)?.st_uid
            let violations = try await HostContract.snapshots(
                snapshots, domain: name, owner: id, stranger: stranger, target: "vda", overlay: overlay
            ) {
                try await product.succeed("shell", "vm-a", "-c", "echo kept > /root/kept; sync")
                // A cancelled commit leaves the overlay in place, and no job that would block the next commit.
                let cancelled = Task { try await snapshots.commit(disk: "vda", ofDomain: name, owner: id) { _ in } }
                cancelled.cancel()
                await #expect(throws: CancellationError.self) { try await cancelled.value }
                #expect(try await snapshots.topLayers(ofDomain: name, owner: id)["vda"] == overlay)
            }
            #expect(violations == [])
            #expect(SystemCall.status(top)?.st_uid == owner)
            try Directories.removeTree(overlay)
            // Written to the overlay, read from the layer that it was merged into.
            #expect(
                try await product.succeed("shell", "vm-a", "-c", "echo 3 > /proc/sys/vm/drop_caches; cat /root/kept") == "kept\n")
        }

        private static func prefix(_ start: String) throws -> PrefixID {
            try #require(PrefixID(start + "9d3c39d011e5b22b54ee755a00ca"))
        }
    }
}
