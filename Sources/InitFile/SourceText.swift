import AtollModel
import Glibc

/// The text of an init file, or one clear reason why there is none.
enum SourceText {
    static func read(_ path: String) throws(InvalidInput) -> String {
        func refuse(_ message: String) -> InvalidInput {
            InvalidInput([Diagnostic(.error, file: path, position: nil, message: message)])
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code = errno
            throw refuse(
                code == ENOENT
                    ? "there is no such file; name an init file, or write one (`init-examples/` has some to copy)"
                    : "the file cannot be opened: \(String(cString: strerror(code)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw refuse("the file cannot be examined: \(String(cString: strerror(errno)))") }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw refuse("this is a directory; an init file is a YAML or JSON text file") }
        let tooLarge = "the file is larger than \(ByteSize(Int64(InitFile.sizeLimit))); this is no init file"
        guard status.st_size <= InitFile.sizeLimit else { throw refuse(tooLarge) }

        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw refuse("the file cannot be read: \(String(cString: strerror(errno)))") }
            if count == 0 { break }
            bytes.append(contentsOf: buffer[..<count])
            // The size of a pipe or a device is only known by reading it.
            guard bytes.count <= InitFile.sizeLimit else { throw refuse(tooLarge) }
        }
        guard let zero = bytes.firstIndex(of: 0) else {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw refuse("the file is not UTF-8 text; convert it (`iconv -t UTF-8`) or name the right file")
            }
            return text
        }
        throw refuse("the file is binary (a zero byte at offset \(zero)); an init file is YAML or JSON text")
    }
}
