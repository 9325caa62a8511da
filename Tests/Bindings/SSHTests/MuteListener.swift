import AtollPlatform
import AtollSSH
import Glibc

/// Accepts connections in the kernel's queue and never says a word.
final class MuteListener: Sendable {
    let endpoint: Endpoint
    private let descriptor: Int32

    init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        // Port 0: the kernel chooses one, so that there is no moment in which another can take it.
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0 ? getsockname(descriptor, $0, &length) : -1
            }
        }
        self.descriptor = descriptor
        endpoint = Endpoint(host: "127.0.0.1", port: UInt16(bigEndian: address.sin_port))
        guard code == 0 else { throw SystemCall.failure("listen on the loopback") }
    }

    deinit { close(descriptor) }

    /// Returns once somebody has connected.
    func accepted() async {
        let descriptor = descriptor
        _ = try? await Blocking.run { accept(descriptor, nil, nil) }
    }
}
