import AtollHostFakes
import AtollModel
import AtollPlanning
import AtollTestSupport
import Foundation
import Synchronization
import Testing

@testable import AtollEnvironments

/// What a wait says of itself.
@Suite struct WaitTests {
    @Test func aLimitThatAllShareIsSaidOnce() async throws {
        let fake = try FakeHost()
        let host = try fake.host()
        let request = try fake.request(FakeHost.twoMachines.replacing("b: {memory", with: "b: {boot_time_sec: 60, memory"))
        let more = "\n  c: {nics: [{net: m}], disks: [{template_name: tiny, type: template, name: root, dev: vda, format: qcow2}]}\nnets:"
        try fake.workspace.write("atoll.yaml", try String(contentsOfFile: request.file, encoding: .utf8).replacing("\nnets:", with: more))
        _ = try await InitUseCase(host: host, context: VerbContext(verb: "init")).run(request)
        _ = try await StartUseCase(host: host, context: VerbContext(verb: "start")).run(request.files, machines: [])
        let said = Mutex<(titles: Set<String>, notes: [String])>(([], []))
        var context = VerbContext(verb: "wait")
        context.events = { event in
            said.withLock { said in
                if case .stepStarted(_, let title, _) = event { said.titles.insert(title) }
                if case .stepProgress(_, nil, let note) = event { said.notes.append(note) }
            }
        }
        _ = try await WaitUseCase(host: host, context: context).run(request.files, machines: [], timeout: nil)
        #expect(said.withLock { $0.titles } == ["wait for a", "wait for b", "wait for c"])
        #expect(said.withLock { $0.notes.sorted() } == ["limit 240 s (60 s x 4 under tcg)", "limit 2400 s (600 s x 4 under tcg)"])
    }

    /// Whatever runs a program of the host has an end, a later one under emulation.
    @Test func stepsThatRunProgramsHaveDeadlines() async throws {
        let fake = try FakeHost()
        let host = try fake.host()
        let request = try fake.request(
            FakeHost.twoMachines.replacing("format: qcow2}", with: "format: qcow2, build: [{virt-customize: {touch: /a}}]}"))
        let useCase = InitUseCase(host: host, context: VerbContext(verb: "init"))
        let resolution = try await useCase.resolve(request)
        let layout = DiskLayout(host: host, request: request, images: try await useCase.fetchTemplates(resolution))
        let plan = try InitPlan(host: host, request: request, environment: try await layout.filled(resolution.environment)).plan()
        func deadline(_ id: String) -> Duration? { plan.steps.first { $0.id == id }?.deadline }
        #expect(deadline("disk:a/root") == .seconds(300 * 4))
        #expect(deadline("build:a/root") == .seconds(1800 * 4))
        #expect(plan.steps.allSatisfy { $0.deadline == nil || !$0.lookAt.isEmpty })
    }
}
