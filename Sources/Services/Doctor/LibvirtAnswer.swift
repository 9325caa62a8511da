import AtollLibvirt
import AtollPlatform

/// What came of connecting to libvirt.
package enum LibvirtAnswer: Sendable, Equatable {
    /// It answered; versions of libvirt and of QEMU, and why it has no network filters, when it has none.
    case versions(libvirt: String, hypervisor: String, filterProblem: String? = nil)
    /// It is there and this user may not.
    case refused(String)
    /// It is absent or failed.
    case failed(String)

    /// Connects on a thread of its own. nil when no answer came in time: C cannot be stopped, so a hanging call is left behind.
    static func ask(_ uri: String, patience: Duration) async -> LibvirtAnswer? {
        let (answers, answer) = AsyncStream.makeStream(of: LibvirtAnswer?.self, bufferingPolicy: .bufferingOldest(1))
        let asking = Task {
            answer.yield(await connect(uri))
        }
        let waiting = Task {
            try await Task.sleep(for: patience)
            answer.yield(nil)
        }
        defer {
            asking.cancel()
            waiting.cancel()
        }
        for await first in answers { return first }
        return nil
    }

    private static func connect(_ uri: String) async -> LibvirtAnswer {
        do {
            return try await Blocking.run {
                let connection = try Connection(uri: uri)
                defer { connection.close() }
                let libvirt = try connection.libvirtVersion(), hypervisor = try connection.hypervisorVersion()
                return .versions(libvirt: "\(libvirt)", hypervisor: "\(hypervisor)", filterProblem: filterProblem(connection))
            }
        } catch let error as LibvirtError {
            return error.isPermission ? .refused(error.message) : .failed(error.message)
        } catch { return .failed("\(error)") }
    }

    /// Asked, not looked for: the driver may be part of the daemon, a file it loads, or a daemon of its own.
    private static func filterProblem(_ connection: Connection) -> String? {
        do { _ = try connection.listNetworkFilters() } catch { return error.message }
        return nil
    }
}
