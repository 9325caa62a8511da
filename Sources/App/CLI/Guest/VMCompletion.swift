import AtollEnvironments
import AtollPlatform
import Glibc
import AtollModel
import OrderedCollections

/// Tab completion of VM names: those of the prefix found from the working directory.
enum VMCompletion {
    @Sendable static func complete(_ arguments: [String], _ index: Int, _ prefix: String) -> [String] {
        func value(of flags: String...) -> String? {
            arguments.lastIndex(where: flags.contains).flatMap { arguments.indices.contains($0 + 1) ? arguments[$0 + 1] : nil }
        }
        func variable(_ name: String) -> String? {
            guard let text = getenv("ATOLL_" + name) ?? getenv("LAGO_" + name) else { return nil }
            return text.pointee == 0 ? nil : String(cString: text)
        }
        let locator = Locator(
            prefixPath: value(of: "-p", "--prefix-path") ?? variable("PREFIX_PATH"),
            workdirPath: value(of: "-w", "--workdir-path", "--workdir") ?? variable("WORKDIR_PATH"),
            prefixName: value(of: "-P", "--prefix-name") ?? variable("PREFIX_NAME") ?? "current", workingDirectory: Directories.working())
        guard let files = try? locator.prefix().files, let environment = try? SavedEnvironment.load(files) else { return [] }
        return environment.machines.keys.filter { $0.hasPrefix(prefix) }
    }
}
