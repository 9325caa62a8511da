package import AtollModel
import AtollPlatform

/// Gives many disks their identities through one appliance.
///
/// Starting an appliance takes seconds, writing one disk tenths of one. So all disks are added to one, and each is mounted alone:
/// disks of one template are clones, with equal filesystem UUIDs and equal volume groups.
package enum SysprepBatch {
    /// Disks one appliance carries; more go through several, one after the other.
    package static let disksPerAppliance = 64

    /// One disk and whose it becomes.
    package struct Disk: Sendable, Equatable {
        /// Absolute; an overlay is written, never what it backs on.
        package var path: String
        package var format: DiskSpec.Format
        package var identity: GuestIdentity
        /// The template's `distro`; without it the guest's own os-release chooses the recipe.
        package var distro: String?
        /// The template's `root-partition`.
        package var rootPartition: String?
        /// What it is an untouched overlay on. Disks of one origin are partitioned alike, which is found out once; nil: looked at by itself.
        package var origin: String?

        package init(
            path: String, format: DiskSpec.Format, identity: GuestIdentity, distro: String? = nil, rootPartition: String? = nil,
            origin: String? = nil
        ) {
            self.path = path
            self.format = format
            self.identity = identity
            self.distro = distro
            self.rootPartition = rootPartition
            self.origin = origin
        }
    }

    /// How far it is.
    package enum Event: Sendable, Equatable {
        case launching(disks: Int)
        case launched(after: Duration)
        case prepared(Outcome)
        /// Something the user should know, in one sentence.
        case note(String)
    }

    /// What was done with one disk.
    package struct Outcome: Sendable, Equatable {
        package var hostname: String
        package var recipe: String
        /// nil when the recipe had no style for this guest.
        package var network: NetworkStyle?
        package var duration: Duration
    }

    /// Writes every identity into its disk. No disk may be in use.
    /// - Parameter forceTCG: whether the appliance must not use hardware virtualisation.
    /// - Parameter progress: called from another thread.
    /// - Returns: one outcome per disk, in the order of `disks`.
    /// - Throws: `BootstrapError` naming every disk that failed; the other disks are finished. `.cancelled` when the task was.
    @discardableResult
    package static func run(
        _ disks: [Disk], recipes: RecipeBook, forceTCG: Bool, progress: @escaping @Sendable (Event) -> Void = { _ in }
    ) async throws -> [Outcome] {
        let run = SysprepRun(recipes: recipes, progress: progress) { try LiveAppliance(disks: $0, forceTCG: forceTCG, cancellation: $1) }
        return try await withTaskCancellationHandler {
            try await Blocking.run { try run.prepare(disks) }
        } onCancel: {
            run.cancellation.cancel()
        }
    }
}
