import AtollCommands
import AtollPlatform
import Foundation
import Testing

extension Product {
    /// What a shell command printed in a VM that has no key of ours, through its guest agent.
    func agent(_ machine: String, _ script: String) async throws -> String {
        let all = try await Tool.output("virsh", ["list", "--name"]).standardOutput.split(separator: "\n")
        let domain = try #require(all.first { $0.hasSuffix("-\(machine)") }.map(String.init), "\(all)")
        func ask(_ request: [String: any Sendable]) async throws -> [String: Any]? {
            let text = String(decoding: try JSONSerialization.data(withJSONObject: request), as: UTF8.self)
            let answer = try await Tool.output("virsh", ["qemu-agent-command", domain, text])
            let document = try? JSONSerialization.jsonObject(with: Data(answer.standardOutput.utf8)) as? [String: Any]
            return document?["return"] as? [String: Any]
        }
        // The agent can start after the ssh server.
        let deadline = ContinuousClock.now + .seconds(120)
        let arguments: [String: any Sendable] = ["path": "/bin/sh", "arg": ["-c", script], "capture-output": true]
        var process: Int?
        while process == nil {
            process = try await ask(["execute": "guest-exec", "arguments": arguments])?["pid"] as? Int
            try #require(process != nil || ContinuousClock.now < deadline, "no guest agent answers in \(machine)")
        }
        while true {
            let status = try #require(try await ask(["execute": "guest-exec-status", "arguments": ["pid": process]]))
            if status["exited"] as? Bool == true {
                let output = Data(base64Encoded: status["out-data"] as? String ?? "") ?? Data()
                try #require(status["exitcode"] as? Int == 0, "\(machine): \(script): \(status) \(String(decoding: output, as: UTF8.self))")
                return String(decoding: output, as: UTF8.self)
            }
            try #require(ContinuousClock.now < deadline, "\(script) in \(machine) did not end")
        }
    }
}

/// What tells two VMs of one template apart, one line each: machine id (twice), host keys, random seed.
enum GuestIdentityProbe {
    static let debian = """
        cat /etc/machine-id; cat /var/lib/dbus/machine-id; cut -d ' ' -f 2 /etc/ssh/ssh_host_ed25519_key.pub; \
        sha256sum < /var/lib/systemd/random-seed
        """
    static let tiny = "cat /etc/machine-id /etc/machine-id; for n in 1 2; do sha256sum < /etc/dropbear/dropbear_ed25519_host_key; done"

    /// Requires that no two of the VMs have a line in common.
    static func expectDistinct(_ outputs: [String: String]) {
        var owners: [Substring: String] = [:]
        for (machine, output) in outputs.sorted(by: { $0.key < $1.key }) {
            let lines = output.split(separator: "\n")
            #expect(lines.count == 4 && lines.first?.count == 32 && lines.first == lines.dropFirst().first, "\(machine): \(output)")
            for line in Set(lines) {
                #expect(owners[line] == nil, "\(machine) and \(owners[line] ?? "") share \(line)")
                owners[line] = machine
            }
        }
    }
}
