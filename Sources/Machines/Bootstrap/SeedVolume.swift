package import AtollModel

/// A NoCloud volume (label `cidata`) for one guest, made in memory.
///
/// It serves two readers. cloud-init takes `user-data`, `meta-data` and `network-config`. The small reader of our own
/// templates unpacks `atoll-seed.tar` at `/`: the very files sysprep would have written, for both network styles it may find.
package enum SeedVolume {
    /// The label both readers look for.
    package static let label = "cidata"
    /// Where the small reader finds `root:HASH` for `chpasswd -e` when the init file sets a root password.
    package static let passwordPath = "/var/lib/atoll/chpasswd"

    /// The volume as bytes, to be written to a file of mode 0600: it holds private keys.
    /// - Parameter cloudInit: the domain's `cloud-init` as written, or nil.
    /// - Parameter sshUser: the user that logs in with our key; a user that the user-data makes is given the key.
    /// - Parameter directory: what relative paths in it start from, the caller's working directory.
    /// - Parameter time: the date of everything in it, seconds since 1970.
    /// - Throws: `BootstrapError`, `.cloudInit` for what the user wrote.
    package static func image(
        of identity: GuestIdentity, cloudInit: Value? = nil, sshUser: String = "root", directory: String = ".",
        environment: [String: String] = [:], time: Int64 = 0
    ) throws -> [UInt8] {
        var documents = try CloudConfig(defaultsFor: identity)
        try documents.merge(cloudInit, directory: directory, environment: environment)
        documents.authorize(identity.authorizedKeys, sshUser: sshUser)
        var files: [(String, [UInt8])] = [
            ("user-data", documents.userDataBytes),
            ("meta-data", Array(YAMLText.render(documents.metaData).utf8)),
            ("network-config", Array(YAMLText.render(documents.networkConfig).utf8)),
            ("atoll-seed.tar", try TarArchive.bytes(of: try tree(of: identity), time: time)),
        ]
        if let bytes = documents.vendorData { files.insert(("vendor-data", bytes), at: 3) }
        return try ISOImage(label: label, files: files, time: time).bytes()
    }

    /// What the small reader unpacks.
    package static func tree(of identity: GuestIdentity) throws(BootstrapError) -> [GuestFile] {
        var files = IdentityFiles.common(identity) + [IdentityFiles.busMachineID]
        files += NetworkStyle.networkd.files(for: identity.nics) + NetworkStyle.ifupdown.files(for: identity.nics)
        if let resolver = IdentityFiles.resolver(identity.nics) { files.append(resolver) }
        // Only the guest knows the rest of its shadow file.
        if let hash = try identity.rootPasswordHash() { files.append(.text(passwordPath, "root:\(hash.value)\n", mode: 0o600)) }
        return files
    }
}
