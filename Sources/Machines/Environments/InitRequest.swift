public import AtollInitFile

/// What `init` was asked for.
public struct InitRequest: Sendable {
    /// The init file as the user named it, relative to the working directory or absolute; messages show it so.
    public var file: String
    /// Absolute.
    public var workdir: String
    public var prefixName: String
    public var setCurrent: Bool
    /// No identity is written into any guest.
    public var skipBootstrap: Bool
    /// `build` sections are not run.
    public var skipBuild: Bool
    /// What configuration says for VMs that say nothing.
    public var defaults: SpecDefaults
    /// Variables for the fields that expand them.
    public var variables: [String: String]

    public init(
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
    public var files: PrefixFiles { PrefixFiles(path: workdir + "/" + prefixName) }
}
