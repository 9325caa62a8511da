import AtollHostPorts
import AtollEnvironments
import AtollHostFakes
import AtollModel
import AtollPlanning
import AtollVirtXML
import OrderedCollections
import Synchronization
import Testing

/// The path from the `start` verb to the definition that the host receives.
@Suite struct DomainStartTests {
    private let fake: FakeHost

    init() throws { fake = try FakeHost() }

    private func start(_ keys: String? = nil, _ change: (inout AtollEnvironments.Host) -> Void = { _ in }) async throws -> DomainDefinition
    {
        var host = try fake.host()
        change(&host)
        let request = try fake.request(
            FakeHost.twoMachines.replacing("a: {memory: 128", with: "a: {memory: 128\(keys.map { ", \($0)" } ?? "")"))
        let environment = try await UpUseCase(host: host, context: VerbContext(verb: "up")).run(request, timeout: nil)
        return try #require(fake.world.withLock { $0.definitions[environment.libvirtName(ofMachine: "a")] })
    }

    @Test func theHostReceivesThePlan() async throws {
        let definition = try await start("vcpu: 3")
        #expect(definition.memoryMiB == 128 && definition.vcpus == 3 && definition.type == .qemu)
        #expect(definition.emulator == "/usr/bin/qemu-system-x86_64" && definition.arch == "x86_64")
        // `tiny` is bootstrapped by cloud-init.
        #expect(definition.disks.map(\.target) == ["vda", "vdz"] && definition.disks[1].image.path.hasSuffix("/a_seed.iso"))
        #expect(definition.disks[0].backing.map(\.path) == ["/store/tiny"])
        #expect(definition.ownerTag.name == "a" && definition.consoleLogPath.hasSuffix("/a.console.log"))
    }

    @Test func theAcceleratorOfTheHostSelectsTheEmulator() async throws {
        fake.world.withLock {
            $0.capabilities.guests[0].emulators["kvm"] = "/usr/bin/qemu-kvm"
            $0.capabilities.hasVhostNet = true
        }
        let definition = try await start { $0.accelerator = AcceleratorChoice(.kvm, reason: "a test") }
        #expect(definition.type == .kvm && definition.emulator == "/usr/bin/qemu-kvm" && definition.hasVhostNet)
    }

    @Test func aCPUModelIsLookedUpOnTheHost() async throws {
        fake.world.withLock {
            $0.cpuModels = CPUModels(vendors: ["EPYC": "AMD"])
            $0.capabilities.cpu = .init(model: nil, vendor: "AMD", features: ["svm"])
            $0.capabilities.guests[0].emulators["kvm"] = "/k"
        }
        let definition = try await start("cpu_model: EPYC") { $0.accelerator = AcceleratorChoice(.kvm, reason: "a test") }
        #expect(definition.cpu == .model("EPYC", nested: "svm"))
    }

    @Test func firmwareAndTPMAreLookedUpOnTheHost() async throws {
        fake.world.withLock {
            $0.domainCapabilities = DomainCapabilities(firmwares: ["bios", "efi"], tpmModels: ["tpm-crb"], tpmBackends: ["emulator"])
        }
        let definition = try await start("firmware: uefi, tpm: true")
        #expect(definition.firmware == .uefi && definition.hasTPM && definition.nvramPath?.hasSuffix("/a.nvram") == true)
    }

    @Test(arguments: [
        ("firmware: uefi", "VM 'a': no UEFI firmware for x86_64 guests is installed on this host\nhint: install the package ovmf"),
        ("tpm: true", "VM 'a': 'tpm: true' is unsupported on this host: it cannot emulate tpm-crb\nhint: install the packages swtpm"),
    ])
    func whatTheHostLacksStopsTheStartAndLeavesNothing(_ keys: String, _ expected: String) async throws {
        let failure = await #expect(throws: PlanFailure.self) { try await start(keys) }
        #expect(failure?.description.contains(expected) == true, "\(String(describing: failure))")
        #expect(fake.world.withLock { $0.domains.isEmpty && $0.networks.isEmpty && $0.filters.isEmpty })
    }

    @Test func withoutAnEmulatorNothingIsStarted() async throws {
        fake.world.withLock { $0.capabilities.guests = [] }
        let failure = await #expect(throws: PlanFailure.self) { try await start() }
        #expect(
            failure?.description.contains("VM 'a': no QEMU for x86_64 guests with qemu is installed on this host\nhint: atoll doctor")
                == true)
        #expect(fake.world.withLock { $0.domains.isEmpty })
    }
}
