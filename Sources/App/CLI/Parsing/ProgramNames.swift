/// The names the program may be called by, and the older spellings that come with them.
enum ProgramNames {
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

    /// `-j BUILDER/BUILD` was the job once; a number is how many runs there are at once.
    private static func jobs(_ arguments: [String]) -> [String] {
        var words: [String] = []
        var index = 0
        while index < arguments.count {
            let word = arguments[index]
            if word == "--" { return words + arguments[index...] }
            // As -j VALUE, -jVALUE or -j=VALUE.
            let isApart = word == "-j" && index + 1 < arguments.count
            let value = isApart ? arguments[index + 1] : String(word.dropFirst(word.hasPrefix("-j=") ? 3 : 2))
            if word.hasPrefix("-j"), value.contains("/") || value == "-1" {
                words.append("--jobid=" + value)
                index += isApart ? 2 : 1
            } else {
                words.append(word)
                index += 1
            }
        }
        return words
    }
}
