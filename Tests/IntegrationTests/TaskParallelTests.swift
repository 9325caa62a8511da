import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Testing

extension IntegrationTests {
    /// Several runs at once.
    @Suite(.serialized) struct TaskParallelTests {
        private static let image = "/var/lib/atoll/store/atoll:tiny:1"

        private func digest() async throws -> String { try await Tool.run("sha256sum", [Self.image]) }

        /// Values that no other running domain may have: name, uuid, addresses, files it writes to, ports; nil if its QEMU does not run.
        private static func own(_ file: String) throws -> [String]? {
            guard let text = try? AtomicFile.text(file), let document = text.firstRange(of: "<domain ") else { return nil }
            // libvirt keeps the file of a domain for a moment after its QEMU ended, when its pty is free for others.
            guard let pid = text[..<document.lowerBound].firstMatch(of: /\bpid='(\d+)'/)?.1,
                let command = try? AtomicFile.read("/proc/\(pid)/cmdline", limit: 1 << 20), !command.isEmpty
            else { return nil }
            let xml = text[document.lowerBound...]
            var found: [String] = []
            for pattern in [
                /<name>([^<]*)<\/name>/, /<uuid>([^<]*)<\/uuid>/, /<mac address='([^']*)'/,
                /<source (?:file|path|bridge|network)='([^']*)'/,
                /port='(\d{4,})'/, /<target dev='((?:vnet|at)[^']*)'/,
            ] { found += xml.matches(of: pattern).map { String($0.1) } }
            return Array(Set(found.filter { $0 != Self.image && $0 != "/dev/urandom" }))
        }

        @Test(
            "check 76: twenty runs share nothing and change no image; as many go on at once as the budget allows", .timeLimit(.minutes(12)))
        func severalAtOnce() async throws {
            let tasks = try TaskProduct()
            let before = try await digest()
            try tasks.workspace.write(
                "tasks/check.sh", "hostname; hostname > $ARTIFACTS/host; cat /proc/sys/kernel/random/boot_id > $ARTIFACTS/boot; sleep 2\n")
            let run = try tasks.start(
                "many", ["run", "--uuid", "many", "--count", "20", "-j", "20"] + TaskProduct.small + ["tiny", "--", "sh", "check.sh"],
                environment: ["TASKOTRON_CAPACITY_CPUS": "4"])
            var (seen, atOnce, shared) = (Set<String>(), 0, Set<String>())
            let watch = Task { try await run.end() }
            let ended = Flag()
            Task {
                _ = try? await watch.value
                ended.raise()
            }
            while !ended.isUp {
                let files = try Directories.list("/run/libvirt/qemu").filter { $0.hasSuffix(".xml") }
                atOnce = max(atOnce, files.count)
                // Domains that run at the same time have nothing in common. One that ended during this pass may have released what a
                // later one uses, so the first holder is read again.
                var holders: [String: String] = [:]
                for file in files {
                    guard let own = try Self.own("/run/libvirt/qemu/" + file) else { continue }
                    seen.insert(file)
                    for item in own {
                        if let other = holders[item], try Self.own("/run/libvirt/qemu/" + other)?.contains(item) == true {
                            shared.insert(item)
                        }
                        holders[item] = file
                    }
                }
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(try await watch.value == 0, "\(run.errors)")
            #expect(run.errors.contains("20 of 20 runs well"), "\(run.errors)")
            #expect(run.errors.contains("waiting for"), "\(run.errors)")
            #expect(seen.count == 20 && atOnce > 1 && atOnce <= 4, "\(seen.count) domains, \(atOnce) at once")
            #expect(shared.isEmpty, "\(shared)")
            var boots: Set<String> = []
            for number in 1...20 {
                #expect(try tasks.text("many-\(number)", "host") == "taskotron-many-\(number)\n")
                boots.insert(try tasks.text("many-\(number)", "boot"))
                #expect(try tasks.record("many-\(number)")["exitCode"] as? Int == 0)
                #expect(run.output.contains("\(number)| taskotron-many-\(number)\n"), "\(run.output)")
            }
            #expect(boots.count == 20)
            #expect(try await digest() == before)
            #expect(try await TaskProduct.lastingLeftovers() == [])
        }
    }
}

/// Something that happened.
private final class Flag: @unchecked Sendable {
    // Every access holds the lock.
    private let lock = NSLock()
    private var value = false
    var isUp: Bool { lock.withLock { value } }
    func raise() { lock.withLock { value = true } }
}
