import AtollDocuments
import AsyncHTTPClient
package import AtollModel
import Foundation
import NIOCore
import NIOHTTP1

/// A ResultsDB server, API v2.0. Every request has a time limit; nothing is sent twice. `close` it when done.
package actor ResultsDBClient {
    /// Which server, and how to speak to it.
    package struct Server: Sendable, Equatable {
        /// Base of the API, such as `http://localhost:5001/api/v2.0`, without credentials.
        package var url: String
        package var authorization: ResultsDBAuthorization?
        /// What one request may take.
        package var timeout: Duration
        /// Documentation of testcases that nobody described yet.
        package var testcaseURL: String

        /// A user and password in `url` become basic authorization: the address comes up in messages.
        package init(
            _ url: String, authorization: ResultsDBAuthorization? = nil, timeout: Duration = .seconds(30),
            testcaseURL: String = "https://fedoraproject.org/wiki/Taskotron/Tasks"
        ) {
            var parts = URLComponents(string: url)
            self.authorization = authorization ?? parts?.user.map { .basic(user: $0, password: parts?.password ?? "") }
            parts?.user = nil
            parts?.password = nil
            self.url = (parts?.string ?? url).droppingLastSlash
            self.timeout = timeout
            self.testcaseURL = testcaseURL
        }
    }

    private let server: Server
    private let base: String
    private let http: HTTPClient
    private let known: KnownTestcases

    /// Nothing is connected yet.
    /// - Parameter known: what need not be asked for again; the client adds to it.
    /// - Throws: `ResultsError` `.value` for an address that is none.
    package init(_ server: Server, known: KnownTestcases = KnownTestcases()) throws(ResultsError) {
        guard let parts = URLComponents(string: server.url), ["http", "https"].contains(parts.scheme?.lowercased()),
            parts.host?.isEmpty == false
        else {
            throw ResultsError(.value, "resultsdb_server is no web address; it looks like http://localhost:5001/api/v2.0")
        }
        self.server = server
        self.known = known
        base = server.url
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .nanoseconds(Int64(min(server.timeout, .seconds(10)) / .nanoseconds(1)))
        // A lost server answers no sooner when asked again and again; the caller decides.
        configuration.connectionPool.retryConnectionEstablishment = false
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Ends the connections. The client must not be used afterwards.
    package func close() async { try? await http.shutdown() }

    /// Sees to it that the server knows a testcase: asked once per name, made with a stand-in for its documentation when missing.
    package func ensureTestcase(_ name: String) async throws {
        if known.contains(name) { return }
        let answer = try await send(.GET, "testcases/\(WebText.component(name))", nil)
        if answer.status == 404 {
            let made = try await send(.POST, "testcases", ["name": .string(name), "ref_url": .string(server.testcaseURL)])
            guard made.status == 200 || made.status == 201 else { throw refusal("make the testcase \(name)", made) }
        } else if answer.status != 200 {
            throw refusal("find the testcase \(name)", answer)
        }
        known.insert(name)
    }

    /// Posts one result and returns its id.
    package func post(_ body: Value) async throws -> Int {
        let answer = try await send(.POST, "results", body)
        guard answer.status == 200 || answer.status == 201 else { throw refusal("post the result", answer, outcome: body["outcome"]?.text) }
        guard let id = (try? ValueJSON.parse(answer.text))?["id"]?.integer else {
            throw ResultsError(.refused, "\(base) took the result, but its answer has no id; is this a ResultsDB?", status: answer.status)
        }
        return id
    }

    // MARK: Requests

    private struct Answer: Sendable {
        var status: Int
        var text: String
        var location: String?
    }

    private func send(_ method: HTTPMethod, _ path: String, _ body: Value?) async throws -> Answer {
        var request = HTTPClientRequest(url: "\(base)/\(path)")
        request.method = method
        request.headers.add(name: "Accept", value: "application/json")
        if let authorization = server.authorization { request.headers.add(name: "Authorization", value: authorization.header) }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(Array(ValueJSON.render(body, indent: 0).utf8))
        }
        let (http, limit, sent) = (http, server.timeout, request)
        do {
            // The client's own limit ends with the head of an answer; this one covers its body too.
            return try await withThrowingTaskGroup(of: Answer.self) { group in
                group.addTask {
                    let response = try await http.execute(sent, deadline: .distantFuture)
                    let bytes = try await response.body.collect(upTo: 1 << 20)
                    return Answer(
                        status: Int(response.status.code), text: String(decoding: bytes.readableBytesView, as: UTF8.self),
                        location: response.headers.first(name: "Location"))
                }
                group.addTask {
                    try await Task.sleep(for: limit)
                    throw ResultsError(.unreachable, "no answer within \(limit)")
                }
                defer { group.cancelAll() }
                guard let answer = try await group.next() else { throw CancellationError() }
                return answer
            }
        } catch {
            if Task.isCancelled { throw CancellationError() }
            throw ResultsError(
                .unreachable,
                "no answer from ResultsDB at \(base): \(ResultsDBClient.reason(error)); see whether it runs (`curl \(base)/testcases`), set"
                    + " resultsdb_server to where it does, or set report_to_resultsdb to false")
        }
    }

    private static func reason(_ error: any Error) -> String {
        if let error = error as? ResultsError { return error.message }
        if let error = error as? HTTPClientError {
            if error == .connectTimeout { return "the connection was not made in time" }
            if error == .remoteConnectionClosed { return "the connection was closed without an answer" }
        }
        let text = String(describing: error)
        if text.contains("refused") { return "connection refused" }
        return text.split(whereSeparator: \.isNewline).first.map { String($0.prefix(300)) } ?? "unknown"
    }

    private func refusal(_ what: String, _ answer: Answer, outcome: String? = nil) -> ResultsError {
        let said = (try? ValueJSON.parse(answer.text))?["message"].map { $0.text ?? ValueJSON.render($0, indent: 0) }
        var text = "ResultsDB at \(base) does not \(what): HTTP \(answer.status)"
        if let said, !said.isEmpty { text += ", \"\(said.prefix(500))\"" }
        switch answer.status {
        case 400 where outcome == "ABORTED" || outcome == "CRASHED":
            text += "; a ResultsDB knows \(outcome ?? "this outcome") only when its ADDITIONAL_RESULT_OUTCOMES has it"
        case 401, 403: text += "; writing there needs authorization, or another one than is set"
        case 404: text += "; resultsdb_server must end with the API's path, usually /api/v2.0"
        case 300..<400: text += "; it moved\(answer.location.map { " to \($0)" } ?? ""): set resultsdb_server to its new place"
        default: break
        }
        return ResultsError(.refused, text, status: answer.status)
    }
}

/// What a server wants before it takes results. Its value is never printed.
package struct ResultsDBAuthorization: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let header: String
    private let scheme: String

    package static func bearer(_ token: String) -> ResultsDBAuthorization { .init(header: "Bearer \(token)", scheme: "bearer") }

    package static func basic(user: String, password: String) -> ResultsDBAuthorization {
        .init(header: "Basic " + Data("\(user):\(password)".utf8).base64EncodedString(), scheme: "basic")
    }

    package var description: String { "\(scheme) authorization (not shown)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["scheme": scheme]) }
}
