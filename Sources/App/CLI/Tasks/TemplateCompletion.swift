import AtollClaims
import AtollPlatform
import Foundation

/// Tab completion of templates: those of the store and the shipped recipes.
enum TemplateCompletion {
    @Sendable static func complete(_ arguments: [String], _ index: Int, _ prefix: String) -> [String] {
        let environment = ProcessInfo.processInfo.environment
        let store = (try? Directories.list(StateRoot(environment: environment).store)) ?? []
        let stored = store.compactMap { name -> String? in
            let parts = name.split(separator: ":")
            return parts.count == 3 && !name.contains(".hash") && !name.contains(".metadata") ? String(parts[1]) : nil
        }
        let recipes =
            (try? Share.directory(environment)).map { $0 + "/templates/images" }.map { folder in
                ((try? Directories.list(folder)) ?? []).filter { SystemCall.exists("\(folder)/\($0)/recipe.json") }
            } ?? []
        return Set(stored + recipes).filter { $0.hasPrefix(prefix) }.sorted()
    }
}
