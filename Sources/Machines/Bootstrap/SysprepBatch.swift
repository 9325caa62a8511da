public import AtollModel
import AtollPlatform

/// Gives many disks their identities through one appliance.
///
/// Starting an appliance takes seconds, writing one disk tenths of one. So all disks are added to one, and each is mounted alone:
/// disks of one template are clones, with equal filesystem UUIDs and equal volume groups.
public enum SysprepBatch {
    /// Disks one appliance carries; more go through several, one after the other.
    public static let disksPerAppliance = 64

    /// One disk and whose it becomes.
    public struct Disk: Sendable, Equatable {
        /// Absolute; an overlay is written, never what it backs on.
        public var path: String
        public var format: DiskSpec.Format
        public var identity: GuestIdentity
        /// The template's `distro`; without it the guest's own os-release chooses the recipe.
        public var distro: String?
        /// The template's `root-partition`.
        public var rootPartition: String?
        /// What it is an untouched overlay on. Disks of one origin are partitioned alike, which is found out once; nil: looked at by itself.
        public var origin: String?

        public init(
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
    public enum Event: Sendable, Equatable {
        case launching(disks: Int)
        case launched(after: Duration)
        case prepared(Outcome)
        /// Something the user should know, in one sentence.
        case note(String)
    }

    /// What was done with one disk.
    public struct Outcome: Sendable, Equatable {
        public var hostname: String
        public var recipe: String
        /// nil when the recipe had no style for this guest.
        public var network: NetworkStyle?
        public var duration: Duration
    }

    /// Writes every identity into its disk. No disk may be in use.
    /// - Parameter forceTCG: whether the appliance must not use hardware virtualisation.
    /// - Parameter progress: called from another thread.
    /// - Returns: one outcome per disk, in the order of `disks`.
    /// - Throws: `BootstrapError` naming every disk that failed; the other disks are finished. `.cancelled` when the task was.
    @discardableResult
    public static func run(
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
