import Glibc

/// Where an SSH server listens.
package struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// Address or name. A name is looked up with the system's resolver, which may take its own time: prefer addresses.
    package var host: String
    package var port: UInt16

    package init(host: String, port: UInt16 = 22) {
        self.host = host
        self.port = port
    }

    package var description: String { port == 22 ? host : "[\(host)]:\(port)" }

    /// A connected, non-blocking TCP socket. Every address of the name is tried in turn, within `timeout` in all.
    func connect(timeout: Duration, _ call: Call) throws(SSHError) -> Int32 {
        let end = ContinuousClock.now + timeout
        var failure = SSHError(.unreachable, "\(host) has no address")
        for address in try addresses() {
            do throws(SSHError) {
                return try connect(to: address, end: end, call)
            } catch {
                if error.code == .cancelled || error.code == .deadline { throw error }
                failure = error
            }
        }
        throw failure
    }

    private func addresses() throws(SSHError) -> [[UInt8]] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else {
            throw SSHError(.unreachable, "cannot find the address of \(host)", cause: String(cString: gai_strerror(code)))
        }
        defer { freeaddrinfo(list) }
        var found: [[UInt8]] = []
        var next = list
        while let item = next {
            found.append(Array(UnsafeRawBufferPointer(start: item.pointee.ai_addr, count: Int(item.pointee.ai_addrlen))))
            next = item.pointee.ai_next
        }
        return found
    }

    private func connect(to address: [UInt8], end: ContinuousClock.Instant, _ call: Call) throws(SSHError) -> Int32 {
        let family = Int32(address.withUnsafeBytes { $0.loadUnaligned(as: sa_family_t.self) })
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SSHError(.local, "cannot make a socket", cause: systemWords(errno)) }
        var connected = false
        defer { if !connected { close(descriptor) } }
        var code = address.withUnsafeBytes { raw in
            raw.withMemoryRebound(to: sockaddr.self) { Glibc.connect(descriptor, $0.baseAddress, socklen_t(raw.count)) == 0 ? 0 : errno }
        }
        if code == EINPROGRESS { code = try outcome(descriptor, end: end, call) }
        if code != 0 { throw explain(code) }
        // Small packets go both ways in a key exchange: Nagle's algorithm would cost a delayed acknowledgement each time.
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, socklen_t(MemoryLayout<Int32>.size))
        connected = true
        return descriptor
    }

    private func outcome(_ descriptor: Int32, end: ContinuousClock.Instant, _ call: Call) throws(SSHError) -> Int32 {
        var waiting = [
            pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: call.cancellation.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        let patience = max(.zero, min(end - .now, call.deadline.remaining ?? .seconds(3600)))
        try pollDescriptors(&waiting, patience)
        if waiting[1].revents != 0 { throw SSHError(.cancelled, "interrupted while connecting to \(self)") }
        if waiting[0].revents == 0 { return ETIMEDOUT }
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
        return code
    }

    private func explain(_ code: Int32) -> SSHError {
        switch code {
        case ECONNREFUSED: SSHError(.refused, "\(host) is up, but nothing listens on port \(port)", cause: systemWords(code))
        case EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN:
            SSHError(.unreachable, "nobody answers at \(host)", cause: systemWords(code))
        case ETIMEDOUT: SSHError(.timedOut, "\(host) did not answer on port \(port) in time", cause: systemWords(code))
        case ECONNRESET, EPIPE: SSHError(.disconnected, "\(host) broke the connection to port \(port)", cause: systemWords(code))
        default: SSHError(.unreachable, "cannot connect to \(self)", cause: systemWords(code))
        }
    }
}
