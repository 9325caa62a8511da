import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Glibc
import Testing

extension IntegrationTests {
    /// SIGKILL of the overlord: `atoll gc` finds everything it had made.
    @Suite(.serialized) struct TaskCrashTests {
        /// In the order of a run: its environment's init and start, then its own stages, then the destroying.
        static let points = [
            "before:task:machine", "before:prefix", "after:lease:*", "after:disk:*", "before:save", "after:save", "after:network:*",
            "after:domain:*", "after:task:machine", "after:task:push", "after:task:work", "before:task:cleanup",
            "after:leases", "after:images",
        ]

        @Test("kill -9 of the overlord at each stage leaves nothing after gc", .timeLimit(.minutes(8)))
        func atEachStage() async throws {
            let tasks = try TaskProduct()
            let words = ["run"] + TaskProduct.small
            // Three at a time: most of them boot a guest.
            try await withThrowingTaskGroup(of: Void.self) { group in
                var points = Self.points.enumerated().makeIterator()
                func next() {
                    guard let (index, point) = points.next() else { return }
                    group.addTask {
                        let killed = try await tasks.run(
                            words + ["--uuid", "k\(index)", "tiny", "--", "true"], environment: ["ATOLL_FAILPOINTS": "\(point)=kill"])
                        #expect(killed.status == 137, "\(point): \(killed)")
                    }
                }
                for _ in 1...3 { next() }
                while try await group.next() != nil { next() }
            }
            let before = try TaskProduct.leftovers()
            for kind in ["domain", "network", "lease", "images", "registry", "run", "process"] {
                #expect(before.contains { $0.hasPrefix(kind) }, "nothing of a \(kind) was left to sweep: \(before)")
            }
            let sweep = try await tasks.run(["gc"])
            #expect(sweep.status == 0, "\(sweep)")
            #expect(sweep.standardOutput.split(separator: "\n").allSatisfy { $0.hasSuffix("  removed") }, "\(sweep.standardOutput)")
            #expect(try await TaskProduct.lastingLeftovers() == [])
            // A record that never ended is not mistaken for one that did, nor for one that goes on.
            let list = try await tasks.run(["results", "list"]).standardOutput.split(separator: "\n").dropFirst()
            #expect(list.count == Self.points.count && list.allSatisfy { $0.contains(" killed ") }, "\(list)")
            #expect(try await tasks.run(["results", "junit", "k8"]).standardError.contains("was killed before it could write its results"))
            // The names are free again.
            try Directories.removeTree(tasks.path("k8", ""))
            #expect(try await tasks.run(words + ["--uuid", "k8", "tiny", "--", "true"]).status == 0)
            #expect(try await TaskProduct.lastingLeftovers() == [])
        }

        @Test("kill -9 of a run on this machine: gc ends what it had started", .timeLimit(.minutes(1)))
        func onThisMachine() async throws {
            let tasks = try TaskProduct()
            let mark = "3600.\(UInt32.random(in: 1...999_999))"
            try tasks.formula("long", "  - shell: |\n      (setsid sleep \(mark)) &\n      echo started\n      sleep \(mark)")
            let run = try tasks.start("long", ["runtask", "--local", "--uuid", "long", "long.yml"])
            try await run.wrote("started")
            #expect(try await tasks.run(["gc"]).standardOutput == "long  in use: its process lives\n")
            try run.send(SIGKILL)
            _ = try await run.end()
            #expect(try Self.running(mark) == 2)
            #expect(try await tasks.run(["gc"]).standardOutput == "long  removed\n")
            #expect(await polling(.seconds(5)) { (try? Self.running(mark)) == 0 })
            #expect(try await tasks.run(["gc"]).standardOutput == "nothing to remove\n")
        }

        /// Processes whose command line begins so.
        private static func running(_ mark: String) throws -> Int {
            try Directories.list("/proc").filter { name in
                guard name.allSatisfy(\.isNumber), let words = try? AtomicFile.read("/proc/\(name)/cmdline", limit: 1 << 16) else {
                    return false
                }
                return words.starts(with: Array("sleep\0\(mark)\0".utf8))
            }.count
        }
    }
}
