import AtollCommands
extension Requirement {
    /// Requires that cloud-init in the guest has ended without an error.
    /// - Parameter isExplicit: the caller asked for it; otherwise a guest without cloud-init, or with a disabled one, meets it.
    package static func cloudInit(in channel: any GuestChannel, patience: Duration, isExplicit: Bool) -> Requirement {
        let log = "atoll shell \(channel.name) tail -n 50 /var/log/cloud-init-output.log"
        return Requirement(name: "cloud-init on \(channel.name) has ended", patience: patience, hint: log) { remaining in
            do {
                let (result, output, errors) = try await channel.capture("cloud-init status --wait --long", timeout: remaining)
                let status = CloudInitStatus(code: result.code, output: output, errors: errors)
                switch status.state {
                case .done: return .met(status.text)
                case .running: return .pending(status.text)
                case .failed: return .hopeless(status.text, hint: log)
                case .absent:
                    return isExplicit ? .hopeless(status.text, hint: "set 'wait: ssh' on \(channel.name)") : .met(status.text)
                }
            } catch let error as GuestAccessError where error.code == .deadline {
                return .pending("cloud-init is still running")
            } catch {
                return .pending("\(error)")
            }
        }
    }
}

/// What `cloud-init status --wait --long` printed, read in the formats of cloud-init 18 to 25.
struct CloudInitStatus: Equatable {
    enum State: Equatable { case done, running, failed, absent }
    var state: State
    /// For messages: the status and, after an error, the messages of the modules.
    var text: String

    init(code: Int32, output: String, errors: String) {
        // `--wait` prints a dot for each quarter of a second, without a newline.
        let lines = GuestText.printable(output).split(separator: "\n").map { String($0.drop { $0 == "." }) }
        func value(_ key: String) -> String? {
            lines.first { $0.hasPrefix(key + ":") }.map { String($0.dropFirst(key.count + 1)).trimmed }
        }
        guard let status = value("status") else {
            state = code == 127 ? .absent : .running
            let said = GuestText.lastLines(output: Array(output.utf8), errors: Array(errors.utf8))
            text = code == 127 ? "the guest has no cloud-init" : "cloud-init status failed with status \(code): \(said)"
            return
        }
        let messages = Self.messages(lines)
        let suffix = messages.isEmpty ? "" : ": \(messages)"
        switch status {
        case "error":
            state = .failed
            text = "cloud-init failed\(suffix)"
        case "disabled":
            state = .absent
            text = "cloud-init is disabled in the guest"
        case "done":
            // Exit status 2 (since 23.4): it ended, with errors it recovered from.
            state = .done
            text = code == 2 ? "cloud-init ended with warnings\(suffix)" : "cloud-init ended"
        default:
            state = .running
            text = "cloud-init status: \(status)"
        }
    }

    /// Lines below `errors:`, `recoverable_errors:` or, before 23.4, `detail:`, on one line.
    private static func messages(_ lines: [String]) -> String {
        let headings = ["errors:", "recoverable_errors:", "detail:"]
        var found: [String: [String]] = [:]
        var heading: String?
        for line in lines {
            if let name = headings.first(where: { line.hasPrefix($0) }) {
                heading = name
                let rest = String(line.dropFirst(name.count)).trimmed
                if !rest.isEmpty, rest != "[]", rest != "{}" { found[name, default: []].append(rest) }
            } else if let first = line.first, first.isLetter, line.contains(": ") || line.hasSuffix(":"), heading != "detail:" {
                heading = nil
            } else if let heading, !line.trimmed.isEmpty {
                found[heading, default: []].append(line.trimmed)
            }
        }
        let kept = headings.first { found[$0] != nil }.flatMap { found[$0] } ?? []
        return GuestText.tail(kept.joined(separator: "\n"), lines: 5).split(separator: "\n").joined(separator: "; ")
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = Substring(self)
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text.drop(while: \.isWhitespace))
    }
}
