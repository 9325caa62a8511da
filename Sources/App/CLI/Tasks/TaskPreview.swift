import AtollInstances
import AtollFormula
import AtollModel
import AtollPlatform
import AtollTaskRuns
import OrderedCollections

/// `runtask --dry-run`: what would run where, with every finding of the formulas. Makes nothing.
struct TaskPreview: Sendable {
    let session: Session
    let images: TaskImages

    /// - Throws: `VerbExit` with the exit code that the first run which cannot go well would have.
    func show(_ jobs: [TaskLauncher.Job]) async throws {
        var documents: [Value] = []
        var worst: Int32 = 0
        for job in jobs {
            var problem: (any Error)?
            var document: [(String, Value)] = [
                ("run", .string(job.run)), ("title", .string(job.work.title)), ("mode", .string(job.place.kind.rawValue)),
                ("target", .string(job.place.target)), ("item", text(job.work.subject.item)), ("type", text(job.work.subject.type)),
            ]
            do { try job.work.check() } catch { problem = error }
            do { document += try await machine(job.place) } catch { problem = problem ?? error }
            if let work = job.work as? FormulaWork {
                document += formula(work)
                for warning in work.formula.warnings { session.console.err("\(warning)") }
            }
            if let problem {
                session.console.err("\(problem)")
                worst = worst == 0 ? Verdict.of(problem).exitCode : worst
            }
            document.append(("problem", text(problem.map { "\($0)" })))
            document.append(("exit_code", .int(Int(problem.map { Verdict.of($0).exitCode } ?? 0))))
            documents.append(.map(.init(uniqueKeysWithValues: document)))
        }
        if session.format == .json { session.show(["runs": .list(documents)]) } else { documents.forEach(lines) }
        if worst != 0 { throw VerbExit(code: worst) }
    }

    private func text(_ value: String?) -> Value { value.map(Value.string) ?? .null }

    private func machine(_ place: TaskPlace) async throws -> [(String, Value)] {
        guard let (wish, makeSize) = place.vm else { return [] }
        let size = try makeSize()
        for warning in size.warnings { session.console.err("warning: \(warning)") }
        let (found, warnings) = try await Blocking.run { try images.choose(wish) }
        for warning in warnings { session.console.err("warning: \(warning)") }
        let machine = size.machine
        return [
            ("image", .string(found.name)), ("image_ready", .bool(found.isReady)), ("memory_mib", .int(machine.memoryMiB)),
            ("cpus", .int(machine.cpus)), ("disk_bytes", machine.diskBytes.map { .int(Int($0)) } ?? .null),
            ("extra_disk_bytes", .list(machine.extraDiskBytes.map { .int(Int($0)) })), ("tpm", .bool(machine.tpm)),
            ("firmware", machine.uefi ? "uefi" : "bios"), ("egress", .string("\(size.egress)")),
        ]
    }

    private func formula(_ work: FormulaWork) -> [(String, Value)] {
        let environment = work.formula.environment
        func names(_ list: [String]) -> Value { .list(list.map(Value.string)) }
        return [
            ("formula", .string(work.arguments.task)), ("check", .string(work.formula.qualifiedName)),
            ("packages", names(environment.packages)), ("rpm", names(environment.rpm)), ("deb", names(environment.deb)),
            (
                "actions",
                .list(work.formula.actions.map { ["label": .string($0.label), "directive": .string($0.directive)] })
            ),
        ]
    }

    /// The same for people.
    private func lines(_ document: Value) {
        func word(_ key: String) -> String { SafeText.line(document[key]?.text ?? "-") }
        let console = session.console
        console.out("\(word("check")) (\(word("formula")))")
        console.out("  item      \(word("item"))\(document["type"]?.text.map { " (\($0))" } ?? "")")
        var place = "\(word("mode")): \(word("target"))"
        if document["image"] != nil {
            place = "VM of \(word("image"))\(document["image_ready"] == .bool(true) ? "" : ", which is built first")"
            place += ": \(word("memory_mib")) MiB, \(word("cpus")) CPUs, \(word("firmware"))"
            if case .int(let bytes)? = document["disk_bytes"] { place += ", disk of \(ByteSize(Int64(bytes))) at least" }
            if document["tpm"] == .bool(true) { place += ", TPM" }
            place += ", egress \(word("egress"))"
        }
        console.out("  place     \(place)")
        let packages = ["packages", "rpm", "deb"].flatMap { document[$0]?.elements?.compactMap(\.text) ?? [] }
        if !packages.isEmpty { console.out("  packages  \(SafeText.line(packages.joined(separator: ", ")))") }
        for action in document["actions"]?.elements ?? [] {
            console.out("  \(SafeText.line(action["label"]?.text ?? "")): \(SafeText.line(action["directive"]?.text ?? ""))")
        }
    }
}
