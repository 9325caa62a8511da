import AtollCommands

/// Encrypted disk images made by qemu-img.
package enum EncryptedImage {
    /// Runs `qemu-img create` with these arguments. QEMU benchmarks its key derivation, which fails on a busy host: such a failure is
    /// retried up to 50 times.
    package static func create(_ arguments: [String]) async throws {
        for _ in 1..<50 {
            let result = try await Tool.output("qemu-img", ["create", "-q"] + arguments)
            if result.status == 0 { return }
            guard result.standardError.contains("accurate CPU usage") else { break }
        }
        try await Tool.run("qemu-img", ["create", "-q"] + arguments)
    }
}
