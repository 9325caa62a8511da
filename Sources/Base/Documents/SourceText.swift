package import AtollModel
import Glibc

extension LocatedDocument {
    /// The text of the file at `path`, which should be UTF-8 and of a size that a person writes, or one clear reason why there is none. A
    /// pipe that somebody writes to is read as well (`atoll validate <(generate)`); nobody is waited for who is not there.
    /// - Parameter kind: what it should be, with an article: `a task formula`.
    /// - Parameter hint: what else to do where there is no such file.
    package static func readText(path: String, kind: String, hint: String = "") throws(InvalidInput) -> String {
        // Opening a pipe without a writer would wait for one.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let why = errno == ENOENT ? nil : String(cString: strerror(errno))
            throw refusal(path, why.map { "the file cannot be opened: \($0)" } ?? "there is no such file; name \(kind)\(hint)")
        }
        defer { close(descriptor) }
        let flags = fcntl(descriptor, F_GETFL)
        if flags >= 0 { _ = fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EISDIR { throw refusal(path, "this is a directory; name \(kind) in it") }
            guard count >= 0 else { throw refusal(path, "the file cannot be read: \(String(cString: strerror(errno)))") }
            if count == 0 { break }
            bytes.append(contentsOf: buffer[..<count])
            // Also bounds a pipe or a device, whose size nobody knows beforehand.
            guard bytes.count <= Documents.sizeLimit else { throw refusal(path, tooLarge(kind)) }
        }
        if let zero = bytes.firstIndex(of: 0) { throw refusal(path, "the file is binary (a zero byte at offset \(zero)), not \(kind)") }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw refusal(path, "the file is not UTF-8 text; convert it (`iconv -t UTF-8`) or name the right file")
        }
        return text.withoutByteOrderMark
    }
}

extension String {
    /// Without the U+FEFF that some editors put before everything else; the readers of YAML and JSON would take it for content.
    package var withoutByteOrderMark: String {
        unicodeScalars.first == "\u{FEFF}" ? String(String.UnicodeScalarView(unicodeScalars.dropFirst())) : self
    }
}
