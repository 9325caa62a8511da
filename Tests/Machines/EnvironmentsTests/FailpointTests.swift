import AtollHostPorts
import AtollEnvironments
import AtollHostFakes
import AtollModel
import AtollPlanning
import AtollPlatform
import Synchronization
import Testing

/// Every failpoint of every plan: the verb fails there, then the verb again completes, then destroy returns the host to its prior state.
@Suite struct FailpointTests {
    /// The steps a healthy run of each verb applies.
    static func steps(of verb: String) async throws -> [String] {
        let fake = try FakeHost()
        let seen = Mutex<[String]>([])
        let context = VerbContext(verb: verb, jobs: 1) { event in
            if case .stepFinished(let id, _, .applied, _) = event { seen.withLock { $0.append(id) } }
        }
        try await prepare(verb, fake)
        seen.withLock { $0 = [] }
        try await run(verb, fake, context)
        return seen.withLock { $0 }
    }

    static func prepare(_ verb: String, _ fake: FakeHost) async throws {
        let plain = VerbContext(verb: verb)
        if verb != "init" { _ = try await InitUseCase(host: try fake.host(), context: plain).run(try fake.request()) }
        if verb == "stop" || verb == "destroy" {
            _ = try await StartUseCase(host: try fake.host(), context: plain).run(try fake.request().files, machines: [])
        }
    }

    static func run(_ verb: String, _ fake: FakeHost, _ context: VerbContext) async throws {
        let host = try fake.host()
        let request = try fake.request()
        switch verb {
        case "init": _ = try await InitUseCase(host: host, context: context).run(request)
        case "start": _ = try await StartUseCase(host: host, context: context).run(request.files, machines: [])
        case "stop": try await StopUseCase(host: host, context: context).run(request.files, machines: [])
        default:
            try await DestroyUseCase(host: host, context: context).run(.init(workdir: Workdir(path: request.workdir), files: request.files))
        }
    }

    @Test(arguments: ["init", "start", "stop", "destroy"]) func everyPointIsSurvived(_ verb: String) async throws {
        let steps = try await Self.steps(of: verb)
        #expect(steps.count >= 3)
        for step in steps {
            for moment in ["before", "after"] {
                let fake = try FakeHost()
                try await Self.prepare(verb, fake)
                let failing = VerbContext(verb: verb, jobs: 1, failpoints: try Failpoints(parsing: "\(moment):\(step)=error"))
                await #expect(throws: PlanFailure.self, "\(moment):\(step)") { try await Self.run(verb, fake, failing) }
                if verb == "init" { #expect(try fake.leftovers() == [], "\(moment):\(step)") }
                let path = try fake.request().files.path
                if verb != "destroy" || SystemCall.exists(path) {
                    try await Self.run(verb, fake, VerbContext(verb: verb))
                }
                if SystemCall.exists(try fake.request().files.path) {
                    try await Self.run("destroy", fake, VerbContext(verb: "destroy"))
                }
                #expect(try fake.leftovers() == [], "\(moment):\(step)")
            }
        }
    }

    /// As `everyPointIsSurvived`, but nothing is undone and the journal stays open: the process is as good as killed.
    @Test(arguments: ["init", "start", "stop", "destroy"]) func everyAbandonedPointIsSurvived(_ verb: String) async throws {
        let steps = try await Self.steps(of: verb)
        for step in steps {
            for moment in ["before", "after"] {
                let fake = try FakeHost()
                try await Self.prepare(verb, fake)
                let dying = VerbContext(verb: verb, jobs: 1, failpoints: try Failpoints(parsing: "\(moment):\(step)=abandon"))
                await #expect(throws: Abandonment.self, "\(moment):\(step)") { try await Self.run(verb, fake, dying) }
                let files = try fake.request().files
                if verb != "destroy" || SystemCall.exists(files.path) {
                    if SystemCall.exists(files.journal) {
                        #expect(Journal.unfinished(at: files.journal)?.verb == verb, "\(moment):\(step)")
                    }
                    // The last step of an init writes the marker: it is complete then, although nobody said so.
                    if verb != "init" || !SystemCall.exists(files.marker) { try await Self.run(verb, fake, VerbContext(verb: verb)) }
                }
                if SystemCall.exists(files.path) { try await Self.run("destroy", fake, VerbContext(verb: "destroy")) }
                #expect(try fake.leftovers() == [], "\(moment):\(step)")
            }
        }
    }
}
