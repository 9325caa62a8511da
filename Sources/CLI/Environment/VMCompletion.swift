import AtollEnvironments
import AtollPlatform
import Glibc
import AtollModel
import OrderedCollections

/// Tab completion of VM names: those of the prefix found from the working directory.
enum VMCompletion {
    @Sendable static func complete(_ arguments: [String], _ index: Int, _ prefix: String) -> [String] {
        let locator = Locator(workingDirectory: Directories.working())
        guard let files = try? locator.prefix().files, let environment = try? SavedEnvironment.load(files) else { return [] }
        return environment.machines.keys.filter { $0.hasPrefix(prefix) }
    }
}
