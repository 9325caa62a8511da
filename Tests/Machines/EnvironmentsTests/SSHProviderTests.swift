import AtollHostFakes
import AtollGuestAccess
import AtollModel
import AtollTestSupport
import OrderedCollections
import Synchronization
import Testing

@testable import AtollEnvironments

/// VMs with `vm-provider: ssh`: no domain exists, so no verb may report one as missing.
@Suite struct SSHProviderTests {
    private let fake: FakeHost
    private let host: AtollEnvironments.Host
    private let request: InitRequest
    private final class Notes: Sendable {
        let lines = Mutex<[String]>([])
    }
    private let notes = Notes()

    init() async throws {
        fake = try FakeHost()
        host = try fake.host()
        request = try fake.request(FakeHost.twoMachines.replacing("b: {memory", with: "b: {vm-provider: ssh, memory"))
        _ = try await InitUseCase(host: host, context: VerbContext(verb: "init")).run(request)
    }

    private func context(_ verb: String) -> VerbContext {
        var context = VerbContext(verb: verb)
        context.note = { [notes] note in notes.lines.withLock { $0.append(note) } }
        return context
    }

    @Test func consoleIsALoginShell() async throws {
        let useCase = ShellUseCase(host: host)
        #expect(try await useCase.console(request.files, machine: "b") { _ in } == 7)
        #expect(fake.world.withLock { $0.shells } == ["b: loginShell"])
        #expect(fake.world.withLock { $0.consoles.isEmpty })
        #expect(try await useCase.console(request.files, machine: "a") { _ in } == 0)
        #expect(fake.world.withLock { $0.consoles.count } == 1)
    }

    @Test func shellWaitAndStatusDoNotNeedADomain() async throws {
        #expect(try await ShellUseCase(host: host).run(request.files, machine: "b", command: .line("true")) == 7)
        let ready = try await WaitUseCase(host: host, context: context("wait")).run(request.files, machines: ["b"], timeout: .seconds(1))
        #expect(ready.machines["b"] != nil)
        let document = try await StatusUseCase(host: host).document(request.files)
        #expect(document["Prefix"]?["VMs"]?["b"]?["status"] == "running")
    }

    @Test func startAndStopReportThatTheyHaveNoEffect() async throws {
        let environment = try await StartUseCase(host: host, context: context("start")).run(request.files, machines: ["b"])
        #expect(fake.world.withLock { $0.domains.isEmpty })
        try await StopUseCase(host: host, context: context("stop")).run(request.files, machines: ["b"])
        #expect(
            notes.lines.withLock { $0 } == ["start", "stop"].map { "warning: '\($0)' has no effect on VM 'b': its vm-provider is ssh" })
        // Without names there is nothing to report.
        notes.lines.withLock { $0 = [] }
        _ = try await StartUseCase(host: host, context: context("start")).run(request.files, machines: [])
        #expect(notes.lines.withLock { $0.isEmpty })
        #expect(fake.world.withLock { Array($0.domains.keys) } == [environment.libvirtName(ofMachine: "a")])
    }
}
