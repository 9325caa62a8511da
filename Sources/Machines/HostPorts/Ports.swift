package import AtollModel

/// Makes disk images.
package protocol DiskTool: Sendable {
    /// Whether the file exists, whole.
    func exists(_ path: String) async throws -> Bool
    /// Makes `disk.path`: an overlay on its first layer, or what `recipe` says when it has none.
    func create(_ disk: Disk, from recipe: DiskSpec, progress: @escaping @Sendable (Double) -> Void) async throws
    func remove(_ path: String) async throws
    /// Makes sure that every template under a machine's disks is the one that was verified: a look, and a whole rehash of what moved.
    /// `progress` says so then. Throws when one is not the same any more.
    func checkTemplates(
        under machine: Machine, files: PrefixFiles, progress: @escaping @Sendable (Double?, String) -> Void) async throws
    /// Runs virt-customize with these options on one disk.
    func customize(_ path: String, arguments: [String], accelerator: Accelerator) async throws
}

/// A template that is in the store, verified and bound.
package struct StoredImage: Sendable, Equatable {
    /// `repo:template:version`.
    package var name: String
    package var path: String
    package var format: DiskSpec.Format
    package var metadata: [String: Value]
    /// What its user should know: the repository has another image by now, ….
    package var notes: [String]

    package init(name: String, path: String, format: DiskSpec.Format = .raw, metadata: [String: Value] = [:], notes: [String] = []) {
        self.notes = notes
        self.name = name
        self.path = path
        self.format = format
        self.metadata = metadata
    }
}

/// Finds templates, fetching or building them when the store lacks them.
package protocol TemplateSource: Sendable {
    /// The store's image for a template; nil when it would have to be fetched or built first.
    func stored(template: String, version: String?) async throws -> StoredImage?
    /// Why it could not be had, as a sentence; nil when it is in the store or the repository offers it.
    func problem(template: String, version: String?) async -> String?
    /// Brings it into the store. `note` says what is being done.
    func fetch(
        template: String, version: String?, progress: @escaping @Sendable (Double?, String) -> Void
    ) async throws -> StoredImage
}

/// One guest to be given its identity.
package struct GuestPreparation: Sendable {
    package var machine: Machine
    package var environment: Environment
    package var files: PrefixFiles
    /// For the fields of its init file that expand them.
    package var variables: [String: String]

    package init(machine: Machine, environment: Environment, files: PrefixFiles, variables: [String: String]) {
        self.machine = machine
        self.environment = environment
        self.files = files
        self.variables = variables
    }
}

/// Gives guests their identity before they boot.
package protocol GuestPreparer: Sendable {
    /// Makes the keys and numbers of one guest and saves them in the prefix.
    func makeIdentity(_ guest: GuestPreparation) async throws
    /// Writes the prefix's known_hosts from the identities it holds.
    func pinHostKeys(of environment: Environment, files: PrefixFiles) async throws
    /// Writes the NoCloud seed volume of one guest.
    func writeSeed(_ guest: GuestPreparation) async throws
    /// Edits the disks of all these guests offline, in one go.
    func sysprep(_ guests: [GuestPreparation], progress: @escaping @Sendable (Double?, String) -> Void) async throws
}
