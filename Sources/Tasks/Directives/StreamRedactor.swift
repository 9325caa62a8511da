/// Masks secrets in a stream of bytes, also where one lies across two pieces of it. Every other byte goes through as it is; only what may
/// be the beginning of a secret waits for the next piece.
package struct StreamRedactor: Sendable {
    /// The longest first: of two that begin alike the longer one is meant.
    private let secrets: [[UInt8]]
    /// By byte: whether a secret begins with it.
    private let begins: [Bool]
    private var held: [UInt8] = []

    package init(_ secrets: [String]) {
        self.secrets = Set(secrets).map { Array($0.utf8) }.filter { !$0.isEmpty }.sorted { $0.count > $1.count }
        var begins = [Bool](repeating: false, count: 256)
        for secret in self.secrets { begins[Int(secret[0])] = true }
        self.begins = begins
    }

    /// What may be shown by now.
    package mutating func take(_ bytes: [UInt8]) -> [UInt8] {
        guard !secrets.isEmpty else { return bytes }
        return redact(held + bytes, isEnd: false)
    }

    /// What was held back, once nothing follows.
    package mutating func finish() -> [UInt8] { held.isEmpty ? [] : redact(held, isEnd: true) }

    private mutating func redact(_ bytes: [UInt8], isEnd: Bool) -> [UInt8] {
        held = []
        var shown: [UInt8] = []
        shown.reserveCapacity(bytes.count)
        var start = bytes.startIndex
        var index = start
        while index < bytes.endIndex {
            guard begins[Int(bytes[index])] else {
                index += 1
                continue
            }
            let rest = bytes[index...]
            // In this order a longer one that may still come is waited for before a shorter one that is there is taken.
            let found = secrets.first { secret in
                rest.count >= secret.count ? rest.starts(with: secret) : !isEnd && secret.starts(with: rest)
            }
            guard let found else {
                index += 1
                continue
            }
            shown += bytes[start..<index]
            guard rest.count >= found.count else {
                held = Array(rest)
                return shown
            }
            shown += Array(RunLog.mask.utf8)
            index += found.count
            start = index
        }
        shown += bytes[start...]
        return shown
    }
}
