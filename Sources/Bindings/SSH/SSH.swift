import CSSH2

/// SSH over libssh2: keys, known hosts, one session per guest with its host key checked, commands with streamed output,
/// a terminal, and files over SFTP.
///
/// It knows nothing of environments, libvirt or how guests are named, never retries by itself (waiting is the GuestAccess
/// room's work) and never asks a person anything. Every call ends by its deadline or when its task is cancelled.
/// Start with `Session`; `KeyPair` and `KnownHosts` are the values it is given.
///
/// libssh2 1.10 knows neither rsa-sha2 signatures nor GCM ciphers, so keys and host keys are ed25519; RSA serves only old guests.
package enum SSH {
    /// Version of the libssh2 in use, such as "1.10.0".
    package static var libraryVersion: String { libssh2_version(0).map { String(cString: $0) } ?? "unknown" }

    /// `libssh2_init` must run once before the first session and is not thread-safe; a static is initialised exactly once.
    static let initialised: Bool = libssh2_init(0) == 0
}
