import AtollDocuments
package import AtollModel
import AtollPlatform
import OrderedCollections
import Yams

/// The documents of a NoCloud seed: what an identity wants, with what the init file says merged over it.
package struct CloudConfig: Sendable, Equatable {
    /// A cloud-config mapping, without its `#cloud-config` line.
    package var userData: Value
    package var metaData: Value
    package var networkConfig: Value

    /// What makes a guest with cloud-init answer as this identity, written so that cloud-init 18 to 25 take it.
    package init(defaultsFor identity: GuestIdentity) {
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
        if let hash = identity.rootPasswordHash {
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
            switch key {
            case "user-data":
                userData = userData.deepMerged(with: try Self.document(value, key: key, directory: directory, environment: environment))
            case "meta-data":
                metaData = metaData.deepMerged(with: try Self.document(value, key: key, directory: directory, environment: environment))
            case "network-config":
                // Two descriptions of one NIC cannot be joined: what the user writes stands alone.
                let document = try Self.document(value, key: key, directory: directory, environment: environment)
                networkConfig = document["network"] ?? document
            default: throw BootstrapError(.cloudInit, "cloud-init.\(key): unknown key; allowed are user-data, meta-data, network-config")
            }
        }
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

    private static func document(_ value: Value, key: String, directory: String, environment: [String: String]) throws -> Value {
        switch value {
        case .map(let members):
            guard let path = members["path"] else { return value }
            guard members.count == 1, let text = path.text else {
                throw BootstrapError(
                    .cloudInit, "cloud-init.\(key): `path` names a file and stands alone; put everything else into that file")
            }
            var file = Expansion.expandPath(text, variables: environment)
            if !file.hasPrefix("/") { file = directory + "/" + file }
            let content: String
            do { content = try AtomicFile.text(file, limit: 4 << 20) } catch {
                throw BootstrapError(.cloudInit, "cloud-init.\(key): \(error)", cause: error)
            }
            return try parse(content, source: "cloud-init.\(key): \(file)", isUserData: key == "user-data")
        case .string(let text): return try parse(text, source: "cloud-init.\(key)", isUserData: key == "user-data")
        default: throw BootstrapError(.cloudInit, "cloud-init.\(key): expected a mapping or {path: FILE}, found \(value.kind)")
        }
    }

    private static func parse(_ text: String, source: String, isUserData: Bool) throws -> Value {
        let first = text.prefix { !$0.isNewline }.trimmingSuffix { $0.isWhitespace }
        let foreign = [
            "#!", "#include", "#cloud-boothook", "#upstart-job", "#part-handler", "## template: jinja", "Content-Type:", "MIME-Version:",
        ]
        if isUserData, let form = foreign.first(where: { first.hasPrefix($0) }) {
            let what = form == "#!" ? "a script" : "user-data of the kind «\(first)»"
            throw BootstrapError(
                .cloudInit, "\(source) is \(what); only cloud-config (YAML) can be merged with the guest's identity: call it from `runcmd`")
        }
        do {
            guard let value = try YAMLText.parse(text) else { return .map([:]) }
            if case .map = value { return value }
            throw BootstrapError(.cloudInit, "\(source): expected a mapping, found \(value.kind)")
        } catch let error as YamlError {
            throw BootstrapError(.cloudInit, "\(source): \(error)", cause: error)
        }
    }
}

extension GuestIdentity {
    /// The hash for /etc/shadow. Its salt comes from the machine-id: one machine always gets the same seed, two never share a salt.
    var rootPasswordHash: Secret? { rootPassword.map { PasswordHash.sha512($0, salt: machineID) } }
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
