import Crypto

/// `crypt(3)`'s SHA-512 scheme (`$6$salt$hash`), by its published description; 5000 rounds, its default.
package enum PasswordHash {
    /// - Parameter salt: up to 16 characters of `[a-zA-Z0-9./]`; further ones are dropped, as crypt does.
    package static func sha512(_ password: Secret, salt: String) -> Secret {
        let key = Array(password.value.utf8)
        let salt = Array(salt.utf8.prefix(16))
        let alternate = digest(key + salt + key)
        var seed = key + salt + repeated(alternate, count: key.count)
        var bits = key.count
        while bits > 0 {
            seed += bits & 1 == 1 ? alternate : key
            bits >>= 1
        }
        var result = digest(seed)
        let keyBlock = repeated(digest(Array(repeatElement(key, count: key.count).joined())), count: key.count)
        let saltBlock = repeated(digest(Array(repeatElement(salt, count: 16 + Int(result[0])).joined())), count: salt.count)
        for round in 0..<5000 {
            var text = round & 1 == 1 ? keyBlock : result
            if round % 3 != 0 { text += saltBlock }
            if round % 7 != 0 { text += keyBlock }
            text += round & 1 == 1 ? result : keyBlock
            result = digest(text)
        }
        return Secret("$6$\(String(decoding: salt, as: UTF8.self))$\(encode(result))")
    }

    private static func digest(_ bytes: [UInt8]) -> [UInt8] { Array(SHA512.hash(data: bytes)) }

    private static func repeated(_ block: [UInt8], count: Int) -> [UInt8] { (0..<count).map { block[$0 % block.count] } }

    private static let alphabet = Array("./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    // Three bytes that lie 21 apart, turned round by one each time, make four characters; the 64th byte makes two.
    private static func encode(_ hash: [UInt8]) -> String {
        var text: [UInt8] = []
        var (a, b, c) = (0, 21, 42)
        for _ in 0..<21 {
            var word = UInt32(hash[a]) << 16 | UInt32(hash[b]) << 8 | UInt32(hash[c])
            for _ in 0..<4 {
                text.append(alphabet[Int(word & 63)])
                word >>= 6
            }
            (a, b, c) = (b + 1, c + 1, a + 1)
        }
        text.append(alphabet[Int(hash[63] & 63)])
        text.append(alphabet[Int(hash[63] >> 6)])
        return String(decoding: text, as: UTF8.self)
    }
}
