package import AtollModel
import OrderedCollections

/// The program that calls a task's function in python3: it reads the call from one file, and leaves the answer in another, so that both
/// output streams are the task's.
///
/// It keeps to modules of Debian's python3-minimal, which has no json: a call is a Python literal, an answer is a word on a line and text.
package enum PythonShim {
    /// For `python3 -B -u - CALL ANSWER`. The answer's first line is `text`, `none` or `problem`; what was returned follows, or a sentence
    /// and the traceback.
    package static let text = String(decoding: PackageResources.python_shim_py, as: UTF8.self)

    /// A value as Python writes it, in ASCII.
    package static func literal(_ value: Value) -> String {
        switch value {
        case .null: return "None"
        case .bool(let flag): return flag ? "True" : "False"
        case .int(let number): return String(number)
        case .double(let number): return number.isNaN ? "None" : number.isInfinite ? (number < 0 ? "-1e999" : "1e999") : String(number)
        case .string(let text): return quoted(text)
        case .list(let elements): return "[" + elements.map(literal).joined(separator: ", ") + "]"
        case .map(let members): return "{" + members.map { "\(quoted($0.key)): \(literal($0.value))" }.joined(separator: ", ") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\" + String(scalar)
            case " "..."~": result.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16)
                result += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
        }
        return result + "\""
    }
}
