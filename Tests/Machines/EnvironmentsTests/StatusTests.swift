import AtollHostPorts
import AtollHostFakes
import AtollModel
import AtollTestSupport
import Foundation
import OrderedCollections
import Synchronization
import Testing

@testable import AtollEnvironments

/// The document of spec 3.5: what programs read from `status`.
@Suite struct StatusTests {
    let fake: FakeHost
    let host: AtollEnvironments.Host

    init() throws {
        fake = try FakeHost()
        host = try fake.host()
    }

    @Test func everyKeyIsThereAndNoPasswordIsInvented() async throws {
        let text = FakeHost.twoMachines.replacingOccurrences(
            of: "b: {memory: 128,", with: "b: {memory: 128, root-password: 4711, metadata: {role: x},")
        let request = try fake.request(text)
        let environment = try await InitUseCase(host: host, context: VerbContext(verb: "init")).run(request)
        _ = try await StartUseCase(host: host, context: VerbContext(verb: "start")).run(request.files, machines: ["a"])
        let foreign = environment.libvirtName(ofMachine: "b")
        fake.world.withLock { $0.domains[foreign] = ObservedDomain(name: foreign, state: .running, owner: nil) }

        let prefix = try #require(try await StatusUseCase(host: host).document(request.files)["Prefix"])
        #expect(prefix["Base directory"]?.text == request.files.path && prefix["UUID"]?.text == environment.id.hex)
        #expect(
            prefix["Networks"]?["m"] == [
                "gateway": .string("\(try #require(environment.networks["m"]?.gateway))"), "management": true, "status": "up",
            ])
        #expect(prefix["Networks"]?["i"]?["status"] == "down")
        let a = try #require(prefix["VMs"]?["a"])
        #expect(a["status"] == "running" && a["root password"] == .null && a["snapshots"] == "" && a["metadata"] == [:])
        let b = try #require(prefix["VMs"]?["b"])
        // A domain of that name that is not ours is not this VM.
        #expect(b["status"] == "down" && b["root password"]?.text == "4711" && b["metadata"] == ["role": "x"])
        #expect(b["NICs"]?["eth1"]?["network"] == "i" && b["NICs"]?["eth1"]?["ip"]?.text?.contains(".") == true)
    }

    @Test func whyStatesAreMissingIsSaidInOneLine() async throws {
        let request = try fake.request()
        _ = try await InitUseCase(host: host, context: VerbContext(verb: "init")).run(request)
        fake.world.withLock { $0.outage = EnvironmentError(.hostFailure, "libvirt does not answer;\nstart it") }
        var notes: [String] = []
        let document = try await StatusUseCase(host: host).document(request.files) { notes.append($0) }
        #expect(notes == ["warning: states are not known: libvirt does not answer; start it"])
        #expect(document["Prefix"]?["VMs"]?["a"]?["status"] == "failed to get state")
    }
}
