package import AtollModel
import Glibc

/// The text of a configuration file, read within bounds and without waiting for anybody.
package enum ConfigurationText {
    /// Bytes; nobody writes that many settings.
    package static let sizeLimit = 4 << 20

    /// Nil when there is none; one clear reason when there is one that cannot be read.
    package static func read(_ path: String) throws(InvalidInput) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        func refuse(_ message: String) -> InvalidInput {
            InvalidInput([Diagnostic(.error, file: path, position: nil, message: message)])
        }
        // Opening a pipe without a writer would wait for one.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        if descriptor < 0, errno == ENOENT { return nil }
        guard descriptor >= 0 else {
            throw refuse("the file cannot be read: \(words(errno)); make it readable UTF-8 text or move it away")
        }
        defer { close(descriptor) }
        guard fstat(descriptor, &status) == 0 else { throw refuse("the file cannot be read: \(words(errno))") }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: throw refuse("this is a directory, where a configuration file is looked for; move it away")
        case S_IFIFO: throw refuse("this is a pipe, where a configuration file is looked for; move it away")
        default: break
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw refuse("the file cannot be read: \(words(errno))") }
            if count == 0 { break }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= sizeLimit else { throw refuse("the file is larger than 4 MiB: no configuration; move it away") }
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw refuse("the file is not UTF-8 text; convert it (`iconv -t UTF-8`) or move it away")
        }
        return text
    }

    private static func words(_ code: Int32) -> String { String(cString: strerror(code)) }
}
