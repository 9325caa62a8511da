import AtollPlatform
import AtollModel
import Foundation
import Glibc
import Subprocess
import SystemPackage

/// External programs that have no library (`qemu-img`, `mmdebstrap`, `setfacl`, …), run with an argument vector, never a shell.
package enum Tool {
    /// What a program that ran to its end left.
    package struct Output: Sendable, Equatable {
        /// Exit status, or 128 + signal.
        package var status: Int32
        package var standardOutput: String
        package var standardError: String
    }

    /// Runs `name` (a path, or looked up in PATH) and returns what it printed, whatever its status.
    /// - Parameter environment: variables set or replaced beside the inherited ones.
    /// - Parameter limit: the most output kept from each stream, in bytes; more is an error.
    /// - Throws: `.toolMissing` when there is no such program.
    package static func output(
        _ name: String, _ arguments: [String], environment: [String: String] = [:], input: String = "", limit: Int = 8 << 20
    ) async throws -> Output {
        let extra = Dictionary(
            uniqueKeysWithValues: environment.map { (Subprocess.Environment.Key(stringLiteral: $0.key), Optional($0.value)) })
        do {
            let result = try await Subprocess.run(
                executable(name), arguments: Arguments(arguments), environment: .inherit.updating(extra), input: .string(input),
                output: .string(limit: limit), error: .string(limit: limit)
            )
            return Output(
                status: code(result.terminationStatus), standardOutput: result.standardOutput, standardError: result.standardError)
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw PlatformError(
                .toolMissing, "\(name) is not installed, or not in PATH; run scripts/setup, or atoll doctor to see what is missing")
        }
    }

    /// Runs `name` and returns its standard output.
    /// - Throws: `.toolFailed` with the program's own last words when it ends with another status than 0.
    @discardableResult
    package static func run(
        _ name: String, _ arguments: [String], environment: [String: String] = [:], input: String = "", limit: Int = 8 << 20
    ) async throws -> String {
        let result = try await output(name, arguments, environment: environment, input: input, limit: limit)
        guard result.status == 0 else {
            let words = (result.standardError.isEmpty ? result.standardOutput : result.standardError)
                .split(separator: "\n").suffix(5).joined(separator: "; ")
            throw PlatformError(.toolFailed, "\(name) \(arguments.first ?? "") ended with status \(result.status): \(words)")
        }
        return result.standardOutput
    }

    /// Runs `name` and hands every line of its output and errors to `line` as it comes; returns the exit status.
    package static func stream(
        _ name: String, _ arguments: [String], environment: [String: String] = [:], line: @escaping @Sendable (String) -> Void
    ) async throws -> Int32 {
        let extra = Dictionary(
            uniqueKeysWithValues: environment.map { (Subprocess.Environment.Key(stringLiteral: $0.key), Optional($0.value)) })
        do {
            let result = try await Subprocess.run(
                executable(name), arguments: Arguments(arguments), environment: .inherit.updating(extra), input: .none, output: .sequence,
                error: .combinedWithOutput
            ) { execution in
                for try await text in execution.standardOutput.strings() { line(text) }
            }
            return code(result.terminationStatus)
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw PlatformError(
                .toolMissing, "\(name) is not installed, or not in PATH; run scripts/setup, or atoll doctor to see what is missing")
        }
    }

    /// A name is looked up in PATH; anything with a slash is a place.
    private static func executable(_ name: String) -> Executable { name.contains("/") ? .path(FilePath(name)) : .name(name) }

    private static func code(_ status: TerminationStatus) -> Int32 {
        switch status {
        case .exited(let code): Int32(code)
        case .signaled(let signal): 128 + Int32(signal)
        }
    }
}
