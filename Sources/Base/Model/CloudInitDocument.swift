/// The documents of a NoCloud seed that an init file can set: the one list for decoder, schema and writer.
public enum CloudInitDocument: String, Sendable, CaseIterable {
    case userData = "user-data"
    case metaData = "meta-data"
    case networkConfig = "network-config"
    case vendorData = "vendor-data"

    /// Whether the document may be any text that cloud-init accepts, such as a script, rather than a mapping.
    public var acceptsText: Bool { self == .userData || self == .vendorData }

    /// `user-data, meta-data, …`, for messages.
    public static let list = allCases.map(\.rawValue).joined(separator: ", ")
}

/// When a guest counts as ready.
public enum ReadyCondition: String, Sendable, CaseIterable {
    /// A command ran in it over ssh.
    case ssh
    /// Also, cloud-init in it has ended.
    case cloudInit = "cloud-init"
}
