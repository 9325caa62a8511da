import AtollModel
import CCrypt
import Glibc

/// Password hashes for `/etc/shadow`, made by `crypt(3)`.
package enum PasswordHash {
    /// Hash by the SHA-512 scheme (`$6$SALT$HASH`) with its default of 5000 rounds.
    /// - Parameter salt: up to 16 characters of `[a-zA-Z0-9./]`; further ones are dropped.
    /// - Throws: `BootstrapError` `.unrepresentable` for a password that `crypt(3)` refuses, so that no guest could check it either.
    package static func sha512(_ password: Secret, salt: String) throws(BootstrapError) -> Secret {
        guard !password.value.utf8.contains(0) else {
            throw BootstrapError(.unrepresentable, "invalid root password: it contains a NUL character")
        }
        guard let hash = ccrypt_hash(password.value, "$6$\(salt.prefix(16))$") else {
            throw BootstrapError(.unrepresentable, "invalid root password: crypt(3) refuses it; the maximum is 511 bytes")
        }
        defer { free(hash) }
        return Secret(String(cString: hash))
    }
}
