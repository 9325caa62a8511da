package import AtollModel
import AtollPlatform
import Glibc

/// The directories that all environments of a host share: `store repos images prefixes` below one root.
///
/// They belong to group libvirt (2770), the QEMU user may pass through by an access list entry, and nobody else sees inside.
package struct StateRoot: Sendable, Equatable {
    /// Absolute path.
    package let path: String

    /// `/var/lib/atoll`.
    package static let defaultPath = "/var/lib/atoll"

    package init(path: String = StateRoot.defaultPath) { self.path = path }

    /// The root that `ATOLL_STATE` names, or the default.
    package init(environment: [String: String]) {
        let named = environment["ATOLL_STATE"] ?? ""
        // Saved disk paths and backing files name it: they have to hold wherever the next command is run.
        self.init(path: named.isEmpty ? Self.defaultPath : Directories.absolute(named, relativeTo: Directories.working()))
    }

    /// The template store.
    package var store: String { path + "/store" }
    /// Repository descriptions.
    package var repos: String { path + "/repos" }
    /// One directory of disk images per prefix.
    package var images: String { path + "/images" }
    /// The prefix registry.
    package var prefixes: String { path + "/prefixes" }
    /// Where the images of this prefix are.
    package func images(of prefix: PrefixID) -> String { images + "/" + prefix.hex }

    /// Makes the root and what is below it. What this user may not do to a directory that already serves (group, mode, access list) is
    /// returned as warnings, not thrown: a private root for tests needs none of it.
    /// - Throws: `.permission` or `.io` when a directory cannot be made or entered.
    @discardableResult
    package func prepare() throws -> [String] {
        try [path, store, repos, images, prefixes].flatMap { try Self.makeShared($0) }
    }

    /// Makes the directory for one prefix's images and returns warnings as `prepare` does.
    @discardableResult
    package func makeImages(of prefix: PrefixID) throws -> [String] { try prepare() + Self.makeShared(images(of: prefix)) }

    /// Makes one shared directory, parents included; an existing one is only checked for access. Returns warnings as `prepare` does.
    /// - Parameter mode: as scripts/setup gives it; everybody may look into the one with the leases, so that they can see who has which.
    @discardableResult
    package static func makeShared(_ path: String, mode: UInt32 = 0o2770) throws -> [String] {
        if SystemCall.exists(path) {
            guard SystemCall.isDirectory(path) else { throw ClaimError(.io, "\(path) is in the way: a directory belongs there") }
            guard access(path, R_OK | W_OK | X_OK) == 0 else {
                throw ClaimError(
                    .permission,
                    "no access to \(path): \(String(cString: strerror(errno))); join group libvirt (sudo usermod -aG libvirt $USER, then log in again)"
                        + " or run scripts/setup, or set ATOLL_STATE to a directory of your own")
            }
            return []
        }
        do { guard try Directories.make(path, mode: mode & 0o777) else { return [] } } catch let error as PlatformError {
            throw ClaimError(
                error,
                "\(path) is needed and missing: \(error); run scripts/setup, or set ATOLL_STATE to a directory of your own")
        }
        var warnings: [String] = []
        if let group = AccessControl.groupID("libvirt") {
            if chown(path, uid_t.max, group) != 0 { warnings.append("\(path) could not be given to group libvirt: only you can use it") }
        }
        // After chown, which clears the set-group-id bit.
        if chmod(path, mode) != 0 { warnings.append("the mode of \(path) could not be set to \(String(mode, radix: 8))") }
        if let user = AccessControl.qemuUser {
            do { try AccessControl.grant(.execute, on: path, to: user) } catch {
                warnings.append("\(user) could not be let into \(path): \(error)")
            }
        }
        return warnings
    }
}
