import AtollHostPorts
import AtollClaims
import AtollGuestAccess
import AtollHostFakes
import AtollModel
import AtollPlanning
import AtollPlatform
import AtollTestSupport
import OrderedCollections
import Synchronization
import Testing

@testable import AtollEnvironments

/// Bad input and a host that is not as it should be: a clear error, and nothing left behind.
@Suite struct RefusalTests {
    let fake: FakeHost
    let host: AtollEnvironments.Host

    init() throws {
        fake = try FakeHost()
        host = try fake.host()
    }

    private func context(_ verb: String = "init") -> VerbContext { VerbContext(verb: verb, lockPatience: .zero) }

    @Test(arguments: ["../x", "a/b", "a b", "", ".x", "current", "a\nb", "é", "-\u{0}", String(repeating: "x", count: 300)])
    func aPrefixNameThatCannotBe(_ name: String) async throws {
        var request = try fake.request()
        request.prefixName = name
        let error = await #expect(throws: EnvironmentError.self) { try await InitUseCase(host: host, context: context()).run(request) }
        #expect(error?.code == .refused && error?.message.contains("cannot be a prefix name: use letters") == true)
        #expect(try fake.leftovers() == [] && !SystemCall.exists(request.workdir))
    }

    @Test func aFileWhereTheWorkdirShouldBe() async throws {
        var request = try fake.request()
        try fake.workspace.write("file", "precious")
        for place in ["/file", "/file/below"] {
            request.workdir = fake.workspace.path + place
            let error = await #expect(throws: EnvironmentError.self) { try await InitUseCase(host: host, context: context()).run(request) }
            #expect(error?.message.contains("is no directory") == true && error?.message.contains("atoll init WORKDIR FILE") == true)
        }
        #expect(try AtomicFile.text(fake.workspace.path + "/file") == "precious")
        #expect(try fake.leftovers() == [])
    }

    @Test func anInterruptedInitLeavesNothing() async throws {
        let request = try fake.request()
        for step in ["prefix", "lease:m", "disk:a/root", "seed:b"] {
            let interruption = Interruption()
            var context = context()
            context.interruption = interruption
            context.events = { event in if case .stepStarted(step, _, _) = event { interruption.request(signal: 15) } }
            let error = await #expect(throws: PlanFailure.self, "\(step)") {
                try await InitUseCase(host: host, context: context).run(request)
            }
            #expect(error?.signal == 15 && error?.kept == [], "\(step)")
            #expect(try fake.leftovers() == [], "\(step)")
            #expect(!SystemCall.exists(request.workdir), "\(step)")
        }
    }

    @Test func aForeignDomainIsNoMachineToWaitForOrLogInTo() async throws {
        let request = try fake.request()
        let environment = try await InitUseCase(host: host, context: context()).run(request)
        let name = environment.libvirtName(ofMachine: "a")
        fake.world.withLock { $0.domains[name] = ObservedDomain(name: name, state: .running, owner: nil) }
        let shell = await #expect(throws: EnvironmentError.self) {
            try await ShellUseCase(host: host).run(request.files, machine: "a", command: .line("true"))
        }
        #expect(shell?.message.contains("virsh dumpxml \(name)") == true)
        let wait = await #expect(throws: PlanFailure.self) {
            try await WaitUseCase(host: host, context: context("wait")).run(request.files, machines: ["a"], timeout: .seconds(1))
        }
        #expect(wait?.description.contains("did not make") == true)
    }

    @Test func anEnvironmentThatIsThereNeedsNoInitFile() async throws {
        var request = try fake.request()
        let useCase = UpUseCase(host: host, context: context("up"))
        #expect(try await useCase.preview(request) == nil)
        _ = try await useCase.run(request, timeout: nil)
        let steps = try #require(try await useCase.preview(request))
        #expect(!steps.isEmpty && steps.allSatisfy { $0.observation != .absent })
        request.file = fake.workspace.path + "/gone.yaml"
        let again = try await UpUseCase(host: host, context: context("up")).run(request, timeout: nil)
        #expect(Array(again.machines.keys) == ["a", "b"])
    }

    @Test func twoUpsAtOnceMakeOneEnvironment() async throws {
        let request = try fake.request()
        let useCase = UpUseCase(host: host, context: VerbContext(verb: "up"))
        async let first = useCase.run(request, timeout: nil)
        async let second = useCase.run(request, timeout: nil)
        let (one, other) = try await (first, second)
        #expect(one.id == other.id)
        #expect(fake.world.withLock { $0.domains.count } == 2)
    }

    @Test func anIncompletePrefixSaysHowToGoOn() async throws {
        let request = try fake.request()
        _ = try await InitUseCase(host: host, context: context()).run(request)
        try Directories.removeTree(request.files.virtEnvironment)
        let incomplete = #expect(throws: EnvironmentError.self) { try SavedEnvironment.load(request.files) }
        #expect(incomplete?.code == .malformed && incomplete?.message.contains("is damaged") == true)
        #expect(incomplete?.message.contains("atoll destroy") == true)
        try AtomicFile.write("{ not json", to: request.files.virtEnvironment)
        let damaged = #expect(throws: EnvironmentError.self) { try SavedEnvironment.load(request.files) }
        #expect(damaged?.code == .malformed && damaged?.message.contains(request.files.virtEnvironment) == true)
        try await DestroyUseCase(host: host, context: context("destroy")).run(
            Locator.Found(workdir: Workdir(path: request.workdir), files: request.files))
        #expect(try fake.leftovers() == [])
    }

    @Test func aRefusedInitOfAForeignDirectoryLeavesNoLockFile() async throws {
        let request = try fake.request()
        try fake.workspace.write("w/default/precious", "data")
        await #expect(throws: EnvironmentError.self) { try await InitUseCase(host: host, context: context()).run(request) }
        #expect(try fake.leftovers() == [])
    }
}
