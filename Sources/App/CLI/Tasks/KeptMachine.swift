import AtollClaims
import AtollInstances
import AtollPlatform
import AtollTaskRuns
import Foundation

/// The VM that a run left behind for a look, and whether it is there still.
struct KeptMachine: Equatable {
    enum State { case kept, overdue, gone }

    let run: String
    let until: Date
    /// The command that reaches it, while it is there.
    let login: String?
    let state: State

    /// nil for a run that kept none.
    init?(_ record: RunRecord, root: StateRoot, now: Date = Date()) {
        guard let until = record.keptUntil else { return nil }
        run = record.run
        self.until = until
        state = !Self.isOnHost(record.run, root) ? .gone : until > now ? .kept : .overdue
        login = state == .gone ? nil : record.login
    }

    /// Whether something of the run, its VM for example, is on this host.
    static func isOnHost(_ run: String, _ root: StateRoot) -> Bool { SystemCall.exists(RunDirectory.parent(root) + "/" + run) }

    /// What people are told.
    var lines: [String] {
        let time = Self.time(until)
        return switch state {
        case .kept: ["the VM is kept until \(time): \(login ?? "how to reach it is not known")", "remove it with: atoll gc \(run)"]
        case .overdue: ["the VM was kept until \(time); it goes with: atoll gc"]
        case .gone: ["the VM was kept until \(time), and is gone"]
        }
    }

    /// `2026-01-01 12:00:00 UTC`.
    static func time(_ date: Date) -> String { date.formatted(.iso8601.dateTimeSeparator(.space)).replacing("Z", with: " UTC") }
}
