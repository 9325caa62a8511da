import AtollPlatform
import Glibc

/// What a guest wrote on its serial console, as far as the caller may read it.
///
/// After 2 MB virtlogd goes on in a new file that only root may read; what came before lies beside it and is still the caller's.
package struct ConsoleLog: Sendable, Equatable {
    /// The file that can be read, or that would be there.
    package let path: String
    /// Newer lines are in a file that the caller may not read.
    package let isBehind: Bool

    /// - Parameter path: the console file of a VM.
    package init(_ path: String) {
        isBehind = SystemCall.exists(path) && access(path, R_OK) != 0 && access(path + ".0", R_OK) == 0
        self.path = isBehind ? path + ".0" : path
    }

    /// The last `limit` bytes as text; "" when there are none.
    package func tail(limit: Int) -> String {
        let text = FileTail.read(path, limit: limit)
        return isBehind ? text + "\n(newer lines are in a file that only root may read)" : text
    }
}
