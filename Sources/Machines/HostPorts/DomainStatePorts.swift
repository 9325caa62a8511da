package import AtollModel
package import AtollVirtXML

/// Disk snapshots of running domains. Optional: a host without it uses the default implementations, which throw `.unsupported`.
///
/// Every method throws `.notFound` if the domain is missing and `.refused` if it does not carry the owner tag of `owner`.
package protocol DomainSnapshots: Sendable {
    /// Makes each listed overlay the top layer of its disk, all at one instant. The former top layers are not written to any more.
    /// - Throws: `.hostFailure` if an overlay is missing; then no disk has changed.
    func create(_ snapshot: DiskSnapshot, ofDomain name: String, owner: PrefixID) async throws
    /// Merges the top layer of a disk into its backing file and makes that file the top layer. The merged overlay can be deleted then.
    /// - Parameters:
    ///   - target: device name of the disk (`vda`).
    ///   - progress: fraction of the data copied, 0 to 1.
    /// - Throws: `.notFound` if the domain has no such disk. On failure or cancellation the overlay stays the top layer.
    func commit(
        disk target: String, ofDomain name: String, owner: PrefixID, progress: @escaping @Sendable (Double) -> Void) async throws
    /// Top layer of each disk, by device name.
    func topLayers(ofDomain name: String, owner: PrefixID) async throws -> [String: String]
}

/// Execution and memory of running domains. Optional: a host without it uses the default implementations, which throw `.unsupported`.
///
/// Every method throws `.notFound` if the domain is missing and `.refused` if it does not carry the owner tag of `owner`.
package protocol DomainMemory: Sendable {
    /// Pauses the processors. No-op if the domain is paused.
    func suspend(named name: String, owner: PrefixID) async throws
    /// Continues the processors. No-op if the domain is running.
    func resume(named name: String, owner: PrefixID) async throws
    /// Writes memory and device state to a file and stops the domain. Disks are not saved: they must not change before `restore`.
    ///
    /// On cancellation the domain continues to run.
    /// - Parameter path: absolute; an existing file is replaced.
    func save(named name: String, owner: PrefixID, to path: String) async throws
    /// Starts a saved domain where it stopped, in the state (paused or running) it was saved in. The file is kept.
    /// - Throws: `.refused` if the saved domain does not carry the owner tag of `owner`; `.notFound` if the file is missing.
    func restore(from path: String, owner: PrefixID) async throws
    /// Runs a command of the QEMU monitor (QMP).
    /// - Parameter descriptors: open files passed along with the command, as `getfd` and `add-fd` require. They stay the caller's.
    /// - Returns: the value of `return` in the reply.
    /// - Throws: `.hostFailure` with QEMU's description if the reply is an error.
    func monitor(_ command: MonitorCommand, named name: String, owner: PrefixID, descriptors: [Int32]) async throws -> Value
}

/// Command of the QEMU monitor (QMP).
package struct MonitorCommand: Sendable, Equatable {
    /// `query-status`, `getfd`, …
    package var name: String
    package var arguments: Value?

    package init(_ name: String, arguments: Value? = nil) {
        self.name = name
        self.arguments = arguments
    }
}

extension DomainSnapshots {
    package func create(_ snapshot: DiskSnapshot, ofDomain name: String, owner: PrefixID) async throws {
        throw EnvironmentError.unsupported("disk snapshot")
    }
    package func commit(
        disk target: String, ofDomain name: String, owner: PrefixID, progress: @escaping @Sendable (Double) -> Void
    ) async throws { throw EnvironmentError.unsupported("disk snapshot") }
    package func topLayers(ofDomain name: String, owner: PrefixID) async throws -> [String: String] {
        throw EnvironmentError.unsupported("disk snapshot")
    }
}

extension DomainMemory {
    package func suspend(named name: String, owner: PrefixID) async throws { throw EnvironmentError.unsupported("suspend") }
    package func resume(named name: String, owner: PrefixID) async throws { throw EnvironmentError.unsupported("resume") }
    package func save(named name: String, owner: PrefixID, to path: String) async throws { throw EnvironmentError.unsupported("save") }
    package func restore(from path: String, owner: PrefixID) async throws { throw EnvironmentError.unsupported("restore") }
    package func monitor(
        _ command: MonitorCommand, named name: String, owner: PrefixID, descriptors: [Int32]
    ) async throws -> Value { throw EnvironmentError.unsupported("monitor command") }
}
