import AtollDocuments
package import AtollModel
import AtollPlatform
import OrderedCollections
import Yams

/// The documents of a NoCloud seed: what an identity wants, with what the init file says merged over it.
package struct CloudConfig: Sendable {
    /// A cloud-config mapping, without its `#cloud-config` line.
    package var userData: Value
    package var metaData: Value
    package var networkConfig: Value
    /// Vendor-data as cloud-init reads it; nil for none.
    package var vendorData: [UInt8]?
    /// User-data in a format that cannot be merged; nil when there is none. Our own follows it as further parts.
    private var foreign: (bytes: [UInt8], format: UserDataFormat)?

    /// The document `user-data` as cloud-init reads it.
    package var userDataBytes: [UInt8] {
        guard let foreign else { return Self.cloudConfigBytes(userData) }
        return MultipartUserData.compose(foreign.bytes, format: foreign.format, parts: ownParts)
    }

    private static func cloudConfigBytes(_ value: Value) -> [UInt8] { Array(("#cloud-config\n" + YAMLText.render(value)).utf8) }

    /// Our user-data as parts that follow the user's: in the first our members win, in the second the user's do and lists are joined.
    private var ownParts: [Value] {
        let needed = ["disable_root", "ssh_deletekeys", "ssh_keys"]
        var (wins, yields) = (OrderedDictionary<String, Value>(), OrderedDictionary<String, Value>())
        for (key, value) in userData.members ?? [:] {
            if needed.contains(key) { wins[key] = value } else { yields[key] = value }
        }
        wins["merge_how"] = "dict(replace)+list()+str()"
        yields["merge_how"] = "dict(no_replace,recurse_list)+list(append)+str()"
        return [.map(wins), .map(yields)]
    }

    /// What makes a guest with cloud-init answer as this identity, written so that cloud-init 18 to 25 take it.
    /// - Throws: `.unrepresentable` for an invalid root password.
    package init(defaultsFor identity: GuestIdentity) throws(BootstrapError) {
        var user: OrderedDictionary<String, Value> = [
            "hostname": .string(identity.hostname),
            "disable_root": false,
            "ssh_pwauth": .bool(identity.rootPassword != nil),
        ]
        if identity.domainName != nil { user["fqdn"] = .string(identity.fullName) }
        // At the top level the keys go to root and to the image's default user, and root's password stays as it is; an entry
        // for root under `users` would lock or unlock it, and would keep the default user from being made.
        if !identity.authorizedKeys.isEmpty {
            user["ssh_authorized_keys"] = .list(identity.authorizedKeys.map { .string($0.withoutNewline) })
        }
        if !identity.hostKeys.isEmpty {
            var keys: OrderedDictionary<String, Value> = [:]
            for key in identity.hostKeys {
                keys["\(key.kind.rawValue)_private"] = .string(key.privateKey.value.endingInNewline)
                keys["\(key.kind.rawValue)_public"] = .string(key.publicKey.withoutNewline)
            }
            user["ssh_deletekeys"] = true
            user["ssh_keys"] = .map(keys)
        }
        if let hash = try identity.rootPasswordHash() {
            user["chpasswd"] = ["expire": false, "list": [.string("root:\(hash.value)")]]
        }
        // Written by us, not composed by the guest: the same lines whichever way it was prepared.
        user["manage_etc_hosts"] = false
        user["write_files"] = .list([IdentityFiles.hosts(identity), IdentityFiles.initiatorName(identity)].map(Self.entry))
        userData = .map(user)
        metaData = ["instance-id": .string(identity.instanceID), "local-hostname": .string(identity.hostname)]
        networkConfig = NetworkConfig.version2(identity.nics, form: .cloudInit)
    }

    private static func entry(_ file: GuestFile) -> Value {
        let mode = String(file.mode, radix: 8)
        return ["path": .string(file.path), "permissions": .string("0" + mode), "content": .string(file.text ?? "")]
    }

    /// Lays the init file's `cloud-init` over the defaults.
    /// - Parameter written: `{user-data: {…} | {path: FILE}, meta-data: …}`, or nil.
    /// - Parameter directory: what a relative `path` starts from.
    /// - Parameter environment: for `$VAR`, `${VAR}` and a leading `~/` in `path`; unknown ones stay as written.
    /// - Throws: `.cloudInit`, naming the key or the file.
    package mutating func merge(_ written: Value?, directory: String, environment: [String: String]) throws {
        guard let written, written != .null else { return }
        guard let members = written.members else {
            throw BootstrapError(.cloudInit, "cloud-init: expected a mapping with user-data and meta-data, found \(written.kind)")
        }
        for (key, value) in members where value != .null {
            guard let document = CloudInitDocument(rawValue: key) else {
                throw BootstrapError(.cloudInit, "cloud-init.\(key): unknown key; allowed are \(CloudInitDocument.list)")
            }
            let content = try Self.content(value, of: document, directory: directory, environment: environment)
            switch (document, content) {
            case (.userData, .mapping(let value)): userData = userData.deepMerged(with: value)
            case (.userData, .foreign(let bytes, let format)): foreign = (bytes, format)
            case (.vendorData, .mapping(let value)): vendorData = Self.cloudConfigBytes(value)
            case (.vendorData, .foreign(let bytes, _)): vendorData = bytes
            case (.metaData, .mapping(let value)): metaData = metaData.deepMerged(with: value)
            // Two descriptions of one NIC cannot be joined: what the user writes stands alone.
            case (.networkConfig, .mapping(let value)): networkConfig = value["network"] ?? value
            case (.metaData, .foreign), (.networkConfig, .foreign): break
            }
        }
    }

    /// The user's own user-data as a mapping; nil when there is none, or its format cannot be merged.
    /// - Throws: as `merge`.
    package static func writtenUserData(_ written: Value, directory: String, environment: [String: String]) throws -> Value? {
        guard let value = written[CloudInitDocument.userData.rawValue], value != .null else { return nil }
        guard case .mapping(let user) = try content(value, of: .userData, directory: directory, environment: environment) else {
            return nil
        }
        return user
    }

    /// Why the members of a `cloud-init` mapping could not be merged: one entry per member that is of no use, in its order.
    /// - Parameters: as for `merge`.
    package static func problems(_ written: Value, directory: String, environment: [String: String]) -> [(key: String, message: String)] {
        (written.members ?? [:]).elements.compactMap { key, value in
            var config = CloudConfig(userData: .map([:]), metaData: .map([:]), networkConfig: .map([:]))
            do { try config.merge(.map([key: value]), directory: directory, environment: environment) } catch {
                let text = "\(error)"
                let label = "cloud-init.\(key): "
                return (key, text.hasPrefix(label) ? String(text.dropFirst(label.count)) : text)
            }
            return nil
        }
    }

    private init(userData: Value, metaData: Value, networkConfig: Value) {
        self.userData = userData
        self.metaData = metaData
        self.networkConfig = networkConfig
    }

    private enum Content {
        case mapping(Value)
        case foreign([UInt8], UserDataFormat)
    }

    private static func content(
        _ value: Value, of document: CloudInitDocument, directory: String, environment: [String: String]
    ) throws -> Content {
        let label = "cloud-init.\(document.rawValue)"
        switch value {
        case .map(let members):
            guard let path = members["path"] else { return .mapping(value) }
            guard members.count == 1, let text = path.text else {
                throw BootstrapError(.cloudInit, "\(label): `path` names a file and stands alone; put everything else into that file")
            }
            var file = Expansion.expandPath(text, variables: environment)
            if !file.hasPrefix("/") { file = directory + "/" + file }
            let bytes: [UInt8]
            do { bytes = Array(try AtomicFile.read(file, limit: 4 << 20)) } catch {
                throw BootstrapError(.cloudInit, "\(label): \(error)", cause: error)
            }
            return try parse(bytes, source: "\(label): \(file)", document)
        case .string(let text): return try parse(Array(text.utf8), source: label, document)
        default: throw BootstrapError(.cloudInit, "\(label): expected a mapping or {path: FILE}, found \(value.kind)")
        }
    }

    private static func parse(_ bytes: [UInt8], source: String, _ document: CloudInitDocument) throws -> Content {
        if document.acceptsText {
            let format = UserDataFormat(bytes)
            if format != .cloudConfig { return .foreign(bytes, format) }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw BootstrapError(.cloudInit, "\(source): the text is not UTF-8")
        }
        do {
            guard let value = try YAMLText.parse(text) else { return .mapping(.map([:])) }
            if case .map = value { return .mapping(value) }
            throw BootstrapError(.cloudInit, "\(source): expected a mapping, found \(value.kind)")
        } catch let error as YamlError {
            throw BootstrapError(.cloudInit, "\(source): \(error)", cause: error)
        }
    }
}

extension GuestIdentity {
    /// The hash for /etc/shadow. Its salt comes from the machine-id: one machine always gets the same seed, two never share a salt.
    /// - Throws: `.unrepresentable` for an invalid password.
    func rootPasswordHash() throws(BootstrapError) -> Secret? {
        guard let rootPassword else { return nil }
        return try PasswordHash.sha512(rootPassword, salt: machineID)
    }
}

extension Value {
    /// Maps are joined member by member, lists one after the other; anything else is replaced.
    func deepMerged(with other: Value) -> Value {
        switch (self, other) {
        case (.map(var members), .map(let added)):
            for (key, value) in added { members[key] = members[key].map { $0.deepMerged(with: value) } ?? value }
            return .map(members)
        case (.list(let elements), .list(let added)): return .list(elements + added)
        default: return other
        }
    }
}

extension StringProtocol {
    var withoutNewline: String { String(trimmingSuffix { $0.isNewline }) }

    func trimmingSuffix(while drop: (Character) -> Bool) -> SubSequence {
        var end = endIndex
        while end > startIndex, drop(self[index(before: end)]) { end = index(before: end) }
        return self[startIndex..<end]
    }
}
