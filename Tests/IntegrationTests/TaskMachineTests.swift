import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Glibc
import Testing

extension IntegrationTests {
    /// What can go wrong around a VM made for a run: whatever it is, the artifacts come back where they can, and the VM goes.
    @Suite(.serialized) struct TaskMachineTests {
        private static let vm = ["--libvirt", "--image", "tiny"] + TaskProduct.small + TaskProduct.item
        /// Leaves something behind, says so, and goes on for ever.
        private static let endless = "  - shell: echo x > ${artifactsdir}/kept; echo started; while :; do sleep 1; done"

        /// The libvirt domain of a run; nil when there is none.
        private static func domain(_ run: String) throws -> String? {
            try Directories.list("/run/libvirt/qemu").first { $0.hasSuffix("-taskotron-\(run).xml") }.map { String($0.dropLast(4)) }
        }

        @Test(
            "check 67, 74: silence, signals, a VM that vanishes, a full disk, a task too large: nothing stays, nothing is lost",
            .timeLimit(.minutes(6)))
        func whatEndsARun() async throws {
            let tasks = try TaskProduct()
            try tasks.formula("endless", Self.endless)
            // What does not fit is the task's trouble; what was there before comes back.
            try tasks.formula(
                "full",
                "  - shell: echo x > ${artifactsdir}/kept; dd if=/dev/zero of=/var/tmp/fill bs=64k; df / | tail -n 1\n  - shell: echo after"
            )
            func start(_ run: String, _ formula: String, _ more: String...) throws -> Started {
                try tasks.start(run, ["runtask", "--uuid", run] + Self.vm + more + [formula])
            }
            // All at once: each has its own VM, and most of the time is booting.
            let term = try start("term", "endless.yml")
            let twice = try start("twice", "endless.yml")
            let vanishing = try start("vanishing", "endless.yml")
            let silent = try start("silent", "endless.yml", "--silence", "4")
            let full = try start("full", "full.yml")
            // A task larger than the place it goes to: half of its memory.
            try Directories.make(tasks.workspace.path + "/large")
            try await Tool.run("dd", ["if=/dev/zero", "of=\(tasks.workspace.path)/large/zero", "bs=1M", "count=80", "status=none"])
            let large = try tasks.start(
                "large", ["run", "--uuid", "large", "--memory", "128", "--cpus", "1", "--push", "../large", "tiny", "--", "true"],
                environment: ["TASKOTRON_CLIENT_TASKDIR": "/dev/shm/task"])

            try await term.wrote("started")
            try term.send(SIGTERM)
            try await twice.wrote("started")
            try twice.send(SIGTERM)
            _ = await polling(.seconds(30)) { twice.errors.contains("once more skips the fetching") }
            // A second one at once is the first one still (timeout(1) sends two): it is sent until it is heard.
            _ = await polling(.seconds(20)) {
                try? twice.send(SIGTERM)
                return twice.errors.contains("interrupted again")
            }
            try await vanishing.wrote("started")
            try await Tool.run("virsh", ["-q", "destroy", try #require(try Self.domain("vanishing"))])

            #expect(try await term.end() == 143, "\(term.errors)")
            #expect(try tasks.text("term", "kept") == "x\n")
            #expect(try tasks.text("term", "taskotron/console.log").count > 100)
            #expect(try tasks.results("term").first?.hasPrefix("scratch.endless ABORTED foo-1.2-3.fc99 koji_build") == true)

            #expect(try await twice.end() == 143, "\(twice.errors)")
            #expect(twice.errors.contains("interrupted again: removing the machine"), "\(twice.errors)")
            #expect(try tasks.record("twice")["state"] as? String == "finished")

            #expect(try await vanishing.end() == 102, "\(vanishing.errors)")
            #expect(vanishing.errors.contains("taskotron-vanishing is gone"), "\(vanishing.errors)")
            #expect(try tasks.results("vanishing").first?.hasPrefix("scratch.endless ABORTED") == true)

            #expect(try await silent.end() == 103, "\(silent.errors)")
            #expect(try tasks.text("silent", "kept") == "x\n")
            #expect(silent.errors.contains("wrote nothing for 4 s"), "\(silent.errors)")

            let code = try await full.end()
            #expect(full.errors.contains("No space left on device"), "\(full.errors)")
            // Its second action has no room to begin in, and says so.
            #expect(code == 101, "\(code): \(full.errors)")
            #expect(try tasks.text("full", "kept") == "x\n")

            // Refused before it was copied for nothing.
            #expect(try await large.end() == 102 && large.errors.contains("taskotron-large has room for "), "\(large.errors)")
            #expect(
                large.errors.contains("at /dev/shm/task; leave out what the task does not need: --exclude PATTERN\n"), "\(large.errors)")
            #expect(try tasks.record("large")["state"] as? String == "finished")
            #expect(try await TaskProduct.lastingLeftovers() == [])
        }

        @Test("check 71: a name that is taken is left alone, and a kept VM goes when it is named", .timeLimit(.minutes(4)))
        func keptMachines() async throws {
            let tasks = try TaskProduct()
            try tasks.workspace.write("tasks/file", "pushed\n")
            try tasks.workspace.write("tasks/more", String(repeating: "x", count: 1 << 20))
            // The short way, without a formula: the directory goes there, the command's own code and words come back.
            let words = ["run", "--uuid", "kept"] + TaskProduct.small
            let script = "cat file; test ! -e more || echo more; echo err >&2; echo kept > $ARTIFACTS/a; exit 7"
            let first = try await tasks.run(words + ["--exclude=m*", "--keep-on", "failure", "tiny", "--", "sh", "-c", script])
            #expect(first.status == 7 && first.standardOutput == "pushed\n" && first.standardError.contains("\nerr\n"), "\(first)")
            #expect(try tasks.text("kept", "a") == "kept\n")
            let domain = try #require(try Self.domain("kept"))
            // The same name, other artifacts: only the VM stands in the way.
            let taken = try await tasks.run(
                words + ["tiny", "--", "true"], environment: ["TASKOTRON_ARTIFACTSDIR": tasks.workspace.path + "/elsewhere"])
            #expect(taken.status != 0 && taken.standardError.contains("there is a run kept already, with a VM taskotron-kept"), "\(taken)")
            #expect(try Self.domain("kept") == domain)
            // Time that is over, or its name: then it goes.
            #expect(try await tasks.run(["gc", "--dry-run"]).standardOutput.hasPrefix("kept  in use: kept"))
            let unknown = try await tasks.run(["gc", "nobody"])
            #expect(unknown.status == 2 && unknown.standardError.contains("nothing of a run nobody"), "\(unknown)")
            #expect(try await tasks.run(["gc", "kept"]).standardOutput == "kept  removed\n")
            #expect(try await tasks.run(["gc"]).standardOutput == "nothing to remove\n")
            #expect(try await TaskProduct.lastingLeftovers() == [])
            // Its results are still there.
            #expect(try await tasks.run(["results", "show", "kept"]).standardOutput.contains("exit code 7"))
        }
    }
}
