/// The names the program may be called by, and the older spellings that come with them.
enum ProgramNames {
    /// Whether `program` is `lago` or `lagocli`, with or without a directory.
    static func isLago(_ program: String) -> Bool { ["lago", "lagocli"].contains(program.split(separator: "/").last ?? "") }

    /// The command line as `atoll` would have got it.
    static func words(_ program: String, _ arguments: [String]) -> [String] {
        switch program.split(separator: "/").last ?? "" {
        case "runtask": return jobs(["runtask"] + arguments)
        // Scripts say -f for the file; everywhere else that is the output format.
        case "taskotron_result": return ["taskotron_result"] + arguments.map { $0 == "-f" ? "--file" : $0 }
        default:
            // As the verb, not as a word of a command for a guest.
            guard let place = arguments.firstIndex(of: "runtask"), !arguments[..<place].contains(where: { VerbOptions.table[$0] != nil })
            else { return arguments }
            return jobs(arguments)
        }
    }

    /// Rewrites `-j` to `--jobid` unless its value is a number of runs: in old scripts it is the CI job, well formed or not.
    private static func jobs(_ arguments: [String]) -> [String] {
        var words: [String] = []
        var index = 0
        while index < arguments.count {
            let word = arguments[index]
            if word == "--" { return words + arguments[index...] }
            // As -j VALUE, -jVALUE or -j=VALUE.
            let isApart = word == "-j" && index + 1 < arguments.count
            let value = isApart ? arguments[index + 1] : String(word.dropFirst(word.hasPrefix("-j=") ? 3 : 2))
            if word.hasPrefix("-j"), isJob(value) {
                words.append("--jobid=" + value)
                index += isApart ? 2 : 1
            } else {
                words.append(word)
                index += 1
            }
        }
        return words
    }

    /// An option that follows `-j` is not its value.
    private static func isJob(_ value: String) -> Bool {
        if value.isEmpty { return false }
        return value == "-1" || value.contains("/") || (!value.hasPrefix("-") && Int(value) == nil)
    }
}
