package import AtollModel
package import OrderedCollections

extension RunArguments {
    /// The variables a formula starts with. The directories are those of the machine that runs the actions; `artifactsdir` and `task` are
    /// the host's own when nil. What `--override` says comes last and is text, whatever it looks like.
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

    /// Whether a variable's name says that nobody should read its value.
    package static func isSecret(variable name: String) -> Bool {
        let name = name.lowercased().filter { $0 != "_" && $0 != "-" }
        return ["password", "passwd", "passphrase", "secret", "token", "credential", "apikey", "privatekey"].contains { name.contains($0) }
    }

    /// Values of `--override` that nobody should read. The shortest ones cannot be kept out of a log: they are part of every other word.
    package var secrets: [String] { overrides.filter { Self.isSecret(variable: $0.key) && $0.value.utf8.count >= 4 }.map(\.value) }

    /// Everything at once, as the original's processed arguments were: `variables`, and what was typed under `_orig_args`.
    package func processed(_ variables: OrderedDictionary<String, Value>) -> OrderedDictionary<String, Value> {
        var all = variables
        all["_orig_args"] = .map(original.dictionary)
        return all
    }

    /// What is never said to a minion: it concerns the host alone.
    static let notForwarded: Set<String> = ["task", "ssh", "ssh_privkey", "libvirt", "local", "no_destroy"]

    /// What commands are told through the shim: everything that was typed but what concerns this host alone. Not quoted for a shell.
    package var forwarded: [String] {
        var arguments = original.dictionary
        arguments["uuid"] = .string(uuid)
        return reverseArguments(arguments, ignoring: Self.notForwarded)
    }
}

extension RunArguments.Original {
    /// Option names with underscores to what was given.
    package var dictionary: OrderedDictionary<String, Value> {
        func text(_ value: String?) -> Value { value.map(Value.string) ?? .null }
        return [
            "arch": .string(arch), "debug": .bool(debug), "item": text(item), "jobid": .string(jobid), "libvirt": .bool(libvirt),
            "local": .bool(local), "no_destroy": .bool(noDestroy), "override": .list(overrides.map(Value.string)), "ssh": text(ssh),
            "ssh_privkey": text(sshPrivkey), "task": .string(task), "type": text(type), "uuid": text(uuid),
        ]
    }
}

/// A command line from named arguments: sorted by name; null and false are left out, true is a flag alone, a list repeats its option. One
/// letter gets one dash. `ignoring` compares names as they are in `arguments`, with underscores. Not quoted for a shell.
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
