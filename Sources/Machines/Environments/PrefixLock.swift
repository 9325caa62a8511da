import AtollHostPorts
import AtollClaims
import AtollPlatform
import Crypto
import Foundation
import Glibc

/// One verb at a time on a prefix. The lock file lies under the state root, because the prefix itself comes and goes.
struct PrefixLock: Sendable {
    private let lock: FileLock
    private let prefix: String

    /// The lock file of a prefix.
    static func path(of files: PrefixFiles, root: StateRoot) -> String {
        let digest = SHA256.hash(data: Data(files.path.utf8)).prefix(8).map { String(format: "%02x", $0) }.joined()
        return "\(root.prefixes)/\(digest).lock"
    }

    /// Takes the lock; waits up to the context's patience, saying who holds it.
    static func acquire(_ files: PrefixFiles, root: StateRoot, context: VerbContext) async throws -> PrefixLock {
        let path = path(of: files, root: root)
        let since = Date.now.formatted(.iso8601)
        do {
            let lock = try await FileLock.acquire(
                path, note: "pid \(getpid()) (\(context.verb), since \(since))", patience: context.lockPatience
            ) { holder in context.note("waiting for \(holder), which works on \(files.path)") }
            return PrefixLock(lock: lock, prefix: files.path)
        } catch let error as PlatformError where error.code == .permission {
            throw EnvironmentError(
                .refused,
                "no access to \(root.prefixes), where prefixes are locked: \(error). Join its group with: sudo usermod -aG libvirt $USER, "
                    + "then log in again; or run scripts/setup")
        } catch let error as PlatformError where error.code == .locked {
            throw EnvironmentError(
                .busy, "another verb works on \(files.path): \(FileLock.holder(path)). Wait for it, or end that process, then try again")
        }
    }

    /// Gives the lock up; its file goes too when there is no prefix it could be for.
    func release() { if SystemCall.exists(prefix + "/uuid") { lock.release() } else { lock.releaseAndRemove() } }
}
