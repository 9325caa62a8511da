import Synchronization

/// The testcases that a ResultsDB is known to have: asked for once in a process, by whatever clients it has for that server.
package final class KnownTestcases: Sendable {
    private let names = Mutex<Set<String>>([])

    package init() {}

    func contains(_ name: String) -> Bool { names.withLock { $0.contains(name) } }
    func insert(_ name: String) { names.withLock { _ = $0.insert(name) } }
}
