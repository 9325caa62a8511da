package import AtollModel
import AtollPlatform
import Glibc

/// Directories shared by all environments of a host: `store repos images prefixes` below one root.
///
/// They belong to group libvirt (2770); the QEMU user may search them by an ACL entry, and other users have no access.
package struct StateRoot: Sendable, Equatable {
    /// Absolute path.
    package let path: String

    /// `/var/lib/atoll`.
    package static let defaultPath = "/var/lib/atoll"

    package init(path: String = StateRoot.defaultPath) { self.path = path }

    /// The root named by `ATOLL_STATE`, or the default.
    package init(environment: [String: String]) {
        let named = environment["ATOLL_STATE"] ?? ""
        // Absolute, because saved disk paths and backing files contain it.
        self.init(path: named.isEmpty ? Self.defaultPath : Directories.absolute(named, relativeTo: Directories.working()))
    }

    /// The template store.
    package var store: String { path + "/store" }
    /// Repository descriptions.
    package var repos: String { path + "/repos" }
    /// Disk images, one directory per prefix.
    package var images: String { path + "/images" }
    /// The prefix registry.
    package var prefixes: String { path + "/prefixes" }
    /// Image directory of this prefix.
    package func images(of prefix: PrefixID) -> String { images + "/" + prefix.hex }

    /// Creates the root and its directories. Group, mode or ACL that this user may not set on a usable directory are
    /// returned as warnings, not thrown: a private root for tests needs none of them.
    /// - Throws: `.permission` or `.io` if a directory cannot be created or entered.
    @discardableResult
    package func prepare() throws -> [String] {
        try [path, store, repos, images, prefixes].flatMap { try Self.makeShared($0) }
    }

    /// Creates the image directory of one prefix. Returns warnings as `prepare` does.
    @discardableResult
    package func makeImages(of prefix: PrefixID) throws -> [String] { try prepare() + Self.makeShared(images(of: prefix)) }

    /// Creates one shared directory and its parents; an existing one is only checked for access. Returns warnings as `prepare` does.
    /// - Parameter mode: as set by scripts/setup; the lease directory is world-readable, so that every user sees which subnets are leased.
    @discardableResult
    package static func makeShared(_ path: String, mode: UInt32 = 0o2770) throws -> [String] {
        if SystemCall.exists(path) {
            guard SystemCall.isDirectory(path) else { throw ClaimError(.io, "'\(path)' is not a directory") }
            guard access(path, R_OK | W_OK | X_OK) == 0 else {
                throw ClaimError(
                    .permission,
                    "cannot access '\(path)': \(String(cString: strerror(errno)))\nhint: join group libvirt (sudo usermod -aG libvirt $USER, then log in again)"
                        + ", run scripts/setup, or set ATOLL_STATE to a directory of your own")
            }
            return []
        }
        do { guard try Directories.make(path, mode: mode & 0o777) else { return [] } } catch let error as PlatformError {
            throw ClaimError(
                error,
                "cannot create '\(path)': \(error)\nhint: run scripts/setup, or set ATOLL_STATE to a directory of your own")
        }
        var warnings: [String] = []
        if let group = AccessControl.groupID("libvirt") {
            if chown(path, uid_t.max, group) != 0 { warnings.append("cannot set group libvirt on '\(path)': only you can use it") }
        }
        // After chown, which clears the set-group-id bit.
        if chmod(path, mode) != 0 { warnings.append("cannot set mode \(String(mode, radix: 8)) on '\(path)'") }
        if let user = AccessControl.qemuUser {
            do { try AccessControl.grant(.execute, on: path, to: user) } catch {
                warnings.append("cannot give user '\(user)' access to '\(path)': \(error)")
            }
        }
        return warnings
    }
}
