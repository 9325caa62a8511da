/// What a distribution needs when its disk is given an identity: data, one file per distribution under `templates/bootstrap/`.
package struct Recipe: Sendable, Equatable {
    /// The file's name without its extension; a guest's `distro` chooses the recipe whose name it starts with.
    package var name: String
    package var inherits: String?
    /// Further beginnings of `distro` that choose this one.
    package var matches: [String] = []
    package var remove: [Removal] = []
    /// In order: the first whose condition holds is how this guest's network is written.
    package var network: [NetworkRule] = []
    /// systemd units that no longer start by themselves.
    package var disable: [String] = []
    /// Seconds the boot menu waits; nil leaves it.
    package var bootMenuSeconds: Int?

    /// Files and directories that go.
    package struct Removal: Sendable, Equatable {
        /// Absolute, with `*` and `?` within a component.
        package var paths: [String]
        package var condition: Condition
    }

    /// A network style and what has to be so for it.
    package struct NetworkRule: Sendable, Equatable {
        package var style: NetworkStyle
        package var condition: Condition
        /// What the style would read beside our files.
        package var remove: [String]
        /// systemd units it needs.
        package var enable: [String]
    }

    /// Holds when every path of the one list is there and none of the other.
    package struct Condition: Sendable, Equatable {
        package var exists: [String] = []
        package var missing: [String] = []

        func holds(in filesystem: any GuestFilesystem) throws -> Bool {
            for path in exists where try !filesystem.matches(path) { return false }
            for path in missing where try filesystem.matches(path) { return false }
            return true
        }
    }

    package init(name: String) { self.name = name }

    /// This recipe over the one it inherits from: its own rules come first, lists are joined, numbers replace.
    func over(_ parent: Recipe) -> Recipe {
        var recipe = self
        recipe.remove = parent.remove + remove
        recipe.network = network + parent.network
        recipe.disable = parent.disable + disable.filter { !parent.disable.contains($0) }
        recipe.bootMenuSeconds = bootMenuSeconds ?? parent.bootMenuSeconds
        return recipe
    }
}
