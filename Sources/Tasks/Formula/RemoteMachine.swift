/// SSH address of an existing machine: `user@host`, `user@host:port`, `user@[v6address]:port`.
package struct RemoteMachine: Sendable, Equatable, CustomStringConvertible {
    package var user: String
    /// Host name or address, without brackets.
    package var host: String
    package var port: Int

    package init(user: String, host: String, port: Int = 22) {
        self.user = user
        self.host = host
        self.port = port
    }

    /// Parses the argument of `--ssh`.
    package init(_ text: String) throws(UsageError) {
        func refuse(_ why: String) -> UsageError {
            UsageError(["invalid --ssh '\(text)': \(why); expected USER@MACHINE, USER@MACHINE:PORT or USER@[IPv6]:PORT"])
        }
        guard let at = text.firstIndex(of: "@") else { throw refuse("missing '@'") }
        user = String(text[..<at])
        var rest = text[text.index(after: at)...]
        // A host with a leading dash could be parsed as an option by the SSH client.
        guard !user.isEmpty, !user.hasPrefix("-"), Self.isPlain(user) else { throw refuse("missing user name") }
        var port: Substring?
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { throw refuse("missing ']' after the address") }
            host = String(rest[rest.index(after: rest.startIndex)..<end])
            guard host.contains(":"), host.allSatisfy({ $0.isHexDigit || ".:%".contains($0) || $0.isASCII && $0.isLetter }) else {
                throw refuse("invalid IPv6 address in [ ]")
            }
            rest = rest[rest.index(after: end)...]
            if rest.hasPrefix(":") { port = rest.dropFirst() } else if !rest.isEmpty { throw refuse("unexpected text after ']'") }
        } else {
            let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count < 3 else { throw refuse("more than one colon; put an IPv6 address in [ ]") }
            host = String(parts[0])
            port = parts.count == 2 ? parts[1] : nil
        }
        guard !host.isEmpty, !host.hasPrefix("-"), Self.isPlain(host) else { throw refuse("missing host name") }
        guard let port else {
            self.port = 22
            return
        }
        guard port.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(port), (1...65535).contains(number) else {
            throw refuse("invalid port: expected 1 to 65535")
        }
        self.port = number
    }

    /// The form that `--ssh` accepts.
    package var description: String { "\(user)@\(host.contains(":") ? "[\(host)]" : host):\(port)" }

    private static func isPlain(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value != 0x7F && $0 != "@" && $0 != "/" }
    }
}
