package import AtollHostPorts
package import AtollInitFile

/// What `init` was asked for.
package struct InitRequest: Sendable {
    /// The init file as the user named it, relative to the working directory or absolute; messages show it so.
    package var file: String
    /// Absolute.
    package var workdir: String
    package var prefixName: String
    package var setCurrent: Bool
    /// No identity is written into any guest.
    package var skipBootstrap: Bool
    /// `build` sections are not run.
    package var skipBuild: Bool
    /// What configuration says for VMs that say nothing.
    package var defaults: SpecDefaults
    /// Variables for the fields that expand them.
    package var variables: [String: String]

    package init(
        file: String, workdir: String, prefixName: String = "default", setCurrent: Bool = false,
        skipBootstrap: Bool = false, skipBuild: Bool = false, defaults: SpecDefaults = SpecDefaults(), variables: [String: String] = [:]
    ) {
        self.file = file
        self.workdir = workdir
        self.prefixName = prefixName
        self.setCurrent = setCurrent
        self.skipBootstrap = skipBootstrap
        self.skipBuild = skipBuild
        self.defaults = defaults
        self.variables = variables
    }

    /// The prefix it makes.
    package var files: PrefixFiles { PrefixFiles(path: workdir + "/" + prefixName) }
}
