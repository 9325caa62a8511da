package import AtollModel
package import OrderedCollections

extension RunArguments {
    /// Initial variables of a formula. The directories are those of the machine that runs the actions; `artifactsdir` and `task` are
    /// the host's if nil. `--override` values take precedence and are always text.
    package func variables(
        formula: Formula, workdir: String, artifactsdir: String? = nil, task: String? = nil
    ) -> OrderedDictionary<String, Value> {
        let task = task ?? self.task
        var variables: OrderedDictionary<String, Value> = [
            "arch": .string(arch), "artifactsdir": .string(artifactsdir ?? self.artifactsdir), "checkname": .string(formula.name),
            "jobid": .string(jobid), "namespace": .string(formula.namespace), "task": .string(task),
            "taskdir": .string(task.lastIndex(of: "/").map { $0 == task.startIndex ? "/" : String(task[..<$0]) } ?? "."),
            "uuid": .string(uuid), "workdir": .string(workdir),
        ]
        if let item { variables["item"] = .string(item) }
        if let type { variables["type"] = .string(type.rawValue) }
        if let item, let type { variables[type.rawValue] = .string(item) }
        if case .ssh(let machine) = mode {
            variables["user"] = .string(machine.user)
            variables["machine"] = .string(machine.host)
            variables["port"] = .int(machine.port)
        }
        for (name, text) in overrides { variables[name] = .string(text) }
        return variables
    }

    /// Whether the variable's name marks its value as a secret.
    package static func isSecret(variable name: String) -> Bool {
        let name = name.lowercased().filter { $0 != "_" && $0 != "-" }
        return ["password", "passwd", "passphrase", "secret", "token", "credential", "apikey", "privatekey"].contains { name.contains($0) }
    }

    /// Secret `--override` values. Very short ones are not redacted in logs, because they are part of too many other words.
    package var secrets: [String] { overrides.filter { Self.isSecret(variable: $0.key) && $0.value.utf8.count >= 4 }.map(\.value) }

    /// All arguments in one mapping, as in libtaskotron: `variables`, and the typed arguments under `_orig_args`.
    package func processed(_ variables: OrderedDictionary<String, Value>) -> OrderedDictionary<String, Value> {
        var all = variables
        all["_orig_args"] = .map(original.dictionary)
        return all
    }

    /// Arguments that are not passed to the machine that runs the task, because they concern the host only.
    static let notForwarded: Set<String> = ["task", "ssh", "ssh_privkey", "libvirt", "local", "no_destroy"]

    /// Arguments passed to commands through the shim: all typed ones except those of `notForwarded`. Not quoted for a shell.
    package var forwarded: [String] {
        var arguments = original.dictionary
        arguments["uuid"] = .string(uuid)
        return reverseArguments(arguments, ignoring: Self.notForwarded)
    }
}

extension RunArguments.Original {
    /// The typed arguments by option name, with underscores.
    package var dictionary: OrderedDictionary<String, Value> {
        func text(_ value: String?) -> Value { value.map(Value.string) ?? .null }
        return [
            "arch": .string(arch), "debug": .bool(debug), "item": text(item), "jobid": .string(jobid), "libvirt": .bool(libvirt),
            "local": .bool(local), "no_destroy": .bool(noDestroy), "override": .list(overrides.map(Value.string)), "ssh": text(ssh),
            "ssh_privkey": text(sshPrivkey), "task": .string(task), "type": text(type), "uuid": text(uuid),
        ]
    }
}

/// A command line from named arguments: sorted by name; null and false are omitted, true is a flag, a list repeats its option. One-letter
/// names get one dash. `ignoring` compares names as in `arguments`, with underscores. Not quoted for a shell.
package func reverseArguments(_ arguments: OrderedDictionary<String, Value>, ignoring: Set<String> = []) -> [String] {
    var line: [String] = []
    for name in arguments.keys.sorted(by: { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) })
    where !ignoring.contains(name) {
        let option = (name.count == 1 ? "-" : "--") + name.map { $0 == "_" ? "-" : String($0) }.joined()
        switch arguments[name] ?? .null {
        case .null, .bool(false): break
        case .bool(true): line.append(option)
        case .list(let elements): for element in elements { line += [option, Substitution.written(element)] }
        case let value: line += [option, Substitution.written(value)]
        }
    }
    return line
}
