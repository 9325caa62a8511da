import AtollPlatform
import Foundation
import Glibc
import Synchronization

/// An in-memory ResultsDB server (API v2.0) on loopback: HTTP/1.1 over sockets, following the documented rules. Records every request.
///
/// Rules: unknown testcases and groups are created; the outcome must be known (PASSED, INFO, FAILED,
/// NEEDS_INSPECTION and the configured ones); a key with a colon is refused; lists become several rows; values become text.
/// Stopped by `close` or deinit.
package final class ResultsDBServer: Sendable {
    /// One received request.
    package struct Request: Sendable, Equatable {
        package var method: String
        /// Path below the API, without the query: `/results`.
        package var path: String
        package var query: String
        /// Headers by lower-case name.
        package var headers: [String: String]
        package var body: String
    }

    /// Base URL of the API.
    package let url: String
    package let port: UInt16
    private let listener: Int32
    private let outcomes: Set<String>
    private let authorization: String?
    private let isMute: Bool
    private let state = Mutex(State())

    private struct State {
        var requests: [Request] = []
        var connections: Set<Int32> = []
        var accepted = 0
        var isClosed = false
        var forced: [Int] = []
        var testcases: [String: String] = [:]
        var groups: [String: String] = [:]
        /// Results as JSON text, indexed by ID - 1.
        var results: [String] = []
    }

    /// Starts the server on a free loopback port.
    /// - Parameters:
    ///   - additionalOutcomes: outcomes accepted besides the four preset ones.
    ///   - authorization: required value of the Authorization header of writes, if any.
    ///   - isMute: accept connections and never answer.
    package init(additionalOutcomes: [String] = [], authorization: String? = nil, isMute: Bool = false) throws {
        outcomes = Set(["PASSED", "INFO", "FAILED", "NEEDS_INSPECTION"] + additionalOutcomes)
        self.authorization = authorization
        self.isMute = isMute
        listener = try SystemCall.check("create a socket") { socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 64) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isListening else {
            let failure = SystemCall.failure("listen on the loopback")
            Glibc.close(descriptor)
            throw failure
        }
        port = UInt16(bigEndian: address.sin_port)
        url = "http://127.0.0.1:\(port)/api/v2.0"
        Thread.detachNewThread { [weak self] in
            // Only this thread closes the socket: after a close elsewhere, its number could be reused before the next `accept`.
            defer { Glibc.close(descriptor) }
            while true {
                let client = accept(descriptor, nil, nil)
                if client < 0 && errno == EINTR { continue }
                guard client >= 0, let server = self, server.welcome(client) else {
                    if client >= 0 { Glibc.close(client) }
                    return
                }
            }
        }
    }

    deinit { close() }

    /// Closes all connections. No-op if closed.
    package func close() {
        state.withLock { state in
            if state.isClosed { return }
            state.isClosed = true
            // The connection threads see the end of the stream and close the sockets.
            for descriptor in state.connections { shutdown(descriptor, Int32(SHUT_RDWR)) }
            shutdown(listener, Int32(SHUT_RDWR))
        }
    }

    /// All requests so far, in order.
    package var requests: [Request] { state.withLock { $0.requests } }

    /// Requests with this method and path below the API.
    package func requests(_ method: String, _ path: String) -> [Request] { requests.filter { $0.method == method && $0.path == path } }

    /// Number of connections accepted so far.
    package var connectionCount: Int { state.withLock { $0.accepted } }

    /// Testcase names and their documentation URLs.
    package var testcases: [String: String] { state.withLock { $0.testcases } }

    /// Group UUIDs and their URLs.
    package var groups: [String: String] { state.withLock { $0.groups } }

    /// Stored results, oldest first, as JSON text in the server's format.
    package var results: [String] { state.withLock { $0.results } }

    /// Statuses for the next POSTs of results, which then store nothing; 0 closes the connection without an answer.
    package func force(_ statuses: Int...) { state.withLock { $0.forced += statuses } }

    // MARK: Connections

    private func welcome(_ client: Int32) -> Bool {
        let isWelcome = state.withLock { state in
            if state.isClosed { return false }
            state.accepted += 1
            state.connections.insert(client)
            return true
        }
        guard isWelcome else { return false }
        Thread.detachNewThread { [weak self] in
            var connection = Connection(descriptor: client)
            while let request = connection.request() {
                guard let server = self, !server.isMute || connection.waitForEnd() else { break }
                let answer = server.answer(request)
                guard answer.status > 0, connection.send(answer), request.headers["connection"]?.lowercased() != "close" else { break }
            }
            self?.state.withLock { _ = $0.connections.remove(client) }
            Glibc.close(client)
        }
        return true
    }

    fileprivate struct Answer {
        var status: Int
        var body: String
    }

    private struct Connection {
        let descriptor: Int32
        var buffer: [UInt8] = []

        /// The next complete request, or nil at the end of the stream.
        mutating func request() -> Request? {
            var head: Range<Int>?
            while true {
                head = buffer.firstRange(of: Array("\r\n\r\n".utf8))
                if head != nil || buffer.count > 1 << 16 { break }
                guard fill() else { return nil }
            }
            guard let head else { return nil }
            let lines = String(decoding: buffer[..<head.lowerBound], as: UTF8.self).split(separator: "\r\n")
            let words = lines.first?.split(separator: " ") ?? []
            guard words.count == 3 else { return nil }
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                if parts.count == 2 { headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces) }
            }
            let length = headers["content-length"].flatMap { Int($0) } ?? 0
            while buffer.count < head.upperBound + length { guard fill() else { return nil } }
            let body = String(decoding: buffer[head.upperBound..<head.upperBound + length], as: UTF8.self)
            buffer.removeFirst(head.upperBound + length)
            let target = words[1].split(separator: "?", maxSplits: 1)
            let path = String(target.first ?? "").trimmingPrefixPath("/api/v2.0")
            return Request(
                method: String(words[0]), path: path.removingPercentEncoding ?? path, query: target.count > 1 ? String(target[1]) : "",
                headers: headers, body: body)
        }

        private mutating func fill() -> Bool {
            var chunk = [UInt8](repeating: 0, count: 1 << 14)
            while true {
                let count = recv(descriptor, &chunk, chunk.count, 0)
                if count < 0 && errno == EINTR { continue }
                if count > 0 { buffer += chunk[..<count] }
                return count > 0
            }
        }

        /// Discards input until the peer or `close` ends the connection; always false.
        mutating func waitForEnd() -> Bool {
            while fill() { buffer = [] }
            return false
        }

        func send(_ answer: Answer) -> Bool {
            let head = "HTTP/1.1 \(answer.status) \(answer.status < 400 ? "OK" : "Error")\r\nContent-Type: application/json\r\n"
            var rest = Array((head + "Content-Length: \(answer.body.utf8.count)\r\n\r\n" + answer.body).utf8)[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }
}

// MARK: - The rules

extension ResultsDBServer {
    private func answer(_ request: Request) -> Answer {
        state.withLock { $0.requests.append(request) }
        if let authorization, request.method != "GET", request.headers["authorization"] != authorization {
            return message(401, "Unauthorized")
        }
        let parts = request.path.split(separator: "/").map(String.init)
        switch (request.method, parts.first, parts.count) {
        case ("GET", "testcases", 1):
            let all = testcases.sorted { $0.key < $1.key }.map { testcase($0.key, $0.value) }
            return Answer(status: 200, body: JSON.map(["prev": .null, "next": .null, "data": .list(all)]).text)
        case ("GET", "testcases", 2):
            guard let reference = testcases[parts[1]] else { return message(404, "Testcase not found") }
            return Answer(status: 200, body: testcase(parts[1], reference).text)
        case ("POST", "testcases", 1): return makeTestcase(request)
        case ("POST", "results", 1):
            if let status = state.withLock({ $0.forced.isEmpty ? nil : $0.forced.removeFirst() }) {
                return status == 0 ? Answer(status: 0, body: "") : message(status, "forced by the test")
            }
            return makeResult(request)
        case ("GET", "results", 1):
            return Answer(status: 200, body: "{\"prev\": null, \"next\": null, \"data\": [\(results.joined(separator: ", "))]}")
        case ("GET", "results", 2):
            guard let id = Int(parts[1]), id > 0, id <= results.count else { return message(404, "Result not found") }
            return Answer(status: 200, body: results[id - 1])
        case ("GET", "groups", 2):
            guard let reference = groups[parts[1]] else { return message(404, "Group not found") }
            let group: [String: JSON] = [
                "uuid": .string(parts[1]), "ref_url": .string(reference), "href": .string("\(url)/groups/\(parts[1])"),
            ]
            return Answer(status: 200, body: JSON.map(group).text)
        default: return message(404, "The requested URL was not found on the server.")
        }
    }

    private func makeTestcase(_ request: Request) -> Answer {
        guard let body = JSON(request.body), let name = body["name"]?.string, !name.isEmpty else {
            return message(400, "Missing or malformed name")
        }
        let reference = body["ref_url"]?.string ?? ""
        state.withLock { $0.testcases[name] = reference }
        return Answer(status: 201, body: testcase(name, reference).text)
    }

    private func makeResult(_ request: Request) -> Answer {
        guard let body = JSON(request.body) else { return message(400, "Malformed JSON") }
        guard let outcome = body["outcome"]?.string?.uppercased(), outcomes.contains(outcome) else {
            return message(400, "outcome must be one of: \(outcomes.sorted().joined(separator: ", "))")
        }
        guard let name = body["testcase"]?.string ?? body["testcase"]?["name"]?.string, !name.isEmpty else {
            return message(400, "testcase is missing")
        }
        var rows: [String: JSON] = [:]
        if case .map(let data)? = body["data"] {
            for (key, value) in data {
                guard !key.contains(":") else { return message(400, "Colon not allowed in key name: \(key)") }
                if case .list(let elements) = value { rows[key] = .list(elements.map(\.row)) } else { rows[key] = .list([value.row]) }
            }
        }
        var groups: [(uuid: String, reference: String)] = []
        if case .list(let elements)? = body["groups"] {
            groups = elements.map { group in
                let uuid = group.string ?? group["uuid"]?.string ?? UUID().uuidString.lowercased()
                return (String(uuid.prefix(36)), group["ref_url"]?.string ?? "")
            }
        }
        return state.withLock { state in
            let reference = state.testcases[name] ?? body["testcase"]?["ref_url"]?.string ?? ""
            let id = state.results.count + 1
            state.testcases[name] = reference
            for group in groups { state.groups[group.uuid] = group.reference }
            let stored = JSON.map([
                "id": .int(id), "testcase": testcase(name, reference), "groups": .list(groups.map { .string($0.uuid) }),
                "outcome": .string(outcome), "data": .map(rows), "submit_time": .string("2026-01-01T12:00:00"),
                "note": body["note"] ?? .null,
                "ref_url": body["ref_url"] ?? .null, "href": .string("\(url)/results/\(id)"),
            ])
            state.results.append(stored.text)
            return Answer(status: 201, body: stored.text)
        }
    }

    private func testcase(_ name: String, _ reference: String) -> JSON {
        .map(["name": .string(name), "ref_url": .string(reference), "href": .string("\(url)/testcases/\(name)")])
    }

    private func message(_ status: Int, _ text: String) -> Answer {
        Answer(status: status, body: JSON.map(["message": .string(text)]).text)
    }
}

/// JSON that keeps number and boolean types, which Foundation's tree does not.
private indirect enum JSON: Codable {
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case list([JSON])
    case map([String: JSON])

    init?(_ text: String) {
        guard let value = try? JSONDecoder().decode(JSON.self, from: Data(text.utf8)) else { return nil }
        self = value
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .bool(flag)
        } else if let number = try? container.decode(Int.self) {
            self = .int(number)
        } else if let number = try? container.decode(Double.self) {
            self = .double(number)
        } else if let text = try? container.decode(String.self) {
            self = .string(text)
        } else if let elements = try? container.decode([JSON].self) {
            self = .list(elements)
        } else {
            self = .map(try container.decode([String: JSON].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let flag): try container.encode(flag)
        case .int(let number): try container.encode(number)
        case .double(let number): try container.encode(number)
        case .string(let text): try container.encode(text)
        case .list(let elements): try container.encode(elements)
        case .map(let members): try container.encode(members)
        }
    }

    var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
    }

    var string: String? { if case .string(let text) = self { text } else { nil } }

    subscript(key: String) -> JSON? { if case .map(let members) = self { members[key] } else { nil } }

    /// The text that the server stores: Python's `str` of the value.
    var row: JSON {
        switch self {
        case .null: .string("None")
        case .bool(let flag): .string(flag ? "True" : "False")
        case .int(let number): .string(String(number))
        case .double(let number): .string(String(number))
        case .string: self
        case .list, .map: .string(text)
        }
    }
}

extension String {
    fileprivate func trimmingPrefixPath(_ prefix: String) -> String { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self }
}
