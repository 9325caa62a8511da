import AtollHostPorts
import AtollLibvirt
package import AtollModel
import AtollPlatform
import AtollSSH
import Glibc

/// Serial consoles through libvirt.
package struct LibvirtConsoleHost: ConsoleHost {
    private let link: LibvirtLink

    /// - Parameter link: says where libvirt is and who logs in; a console has a connection of its own, with events.
    package init(_ link: LibvirtLink) { self.link = link }

    /// The key that leaves the console, as virsh and telnet have it: ctrl-].
    private static let escape: UInt8 = 0x1D

    package func attach(_ domain: String, owner: PrefixID, hint: @escaping @Sendable (String) -> Void) async throws {
        guard isatty(STDIN_FILENO) == 1 else {
            throw EnvironmentError(.refused, "a console needs a terminal; read what the VM wrote with: atoll logs VM")
        }
        let (stream, connection) = try await open(domain, owner: owner)
        defer { connection.close() }
        hint("connected to the console of \(domain); leave with ctrl-]")
        let raw = RawMode(STDIN_FILENO)
        defer { raw?.restore() }
        let output = try stream.output()
        let typing = Task { try await Self.forwardTyping(to: stream) }
        let showing = Task {
            for try await bytes in output {
                var rest = bytes[...]
                while !rest.isEmpty {
                    let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
                    guard count > 0 else { return }
                    rest = rest.dropFirst(count)
                }
            }
        }
        // Whichever ends first: the user leaves, or the domain goes away.
        await withTaskCancellationHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { _ = await typing.result }
                group.addTask { _ = await showing.result }
                await group.next()
                typing.cancel()
                stream.close()
                showing.cancel()
            }
        } onCancel: {
            // A signal: neither task belongs to ours, so nothing else would end them.
            typing.cancel()
            showing.cancel()
        }
        try Task.checkCancellation()
    }

    /// The open console, and the connection it lives on.
    func open(_ domain: String, owner: PrefixID) async throws -> (ConsoleStream, Connection) {
        let link = link
        return try await Blocking.run {
            do {
                let connection = try Connection(uri: link.uri, credentials: link.credentials, events: true)
                let found: Domain
                do { found = try connection.lookupDomain(name: domain) } catch let error as LibvirtError where error.isNotFound {
                    throw EnvironmentError(.notRunning, "\(domain) is not running; start it with: atoll start")
                }
                try found.checkOwner(owner)
                let stream = try ConsoleStream(connection)
                try found.openConsole(stream)
                return (stream, connection)
            } catch let error as LibvirtError {
                throw link.explain(error)
            }
        }
    }

    private static func forwardTyping(to stream: ConsoleStream) async throws {
        while !Task.isCancelled {
            let bytes = try await Blocking.run { () -> [UInt8]? in
                var descriptor = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
                guard poll(&descriptor, 1, 200) > 0 else { return [] }
                var buffer = [UInt8](repeating: 0, count: 1024)
                let count = read(STDIN_FILENO, &buffer, buffer.count)
                return count > 0 ? Array(buffer.prefix(count)) : nil
            }
            guard let bytes, !bytes.contains(escape) else { return }
            var rest = bytes[...]
            while !rest.isEmpty {
                guard let sent = try stream.send(Array(rest)) else {
                    try await Task.sleep(for: .milliseconds(10))
                    continue
                }
                rest = rest.dropFirst(sent)
            }
        }
    }
}
