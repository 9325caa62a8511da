package import AtollModel
import OrderedCollections

/// A member of user-data that keeps Atoll from logging in to the guest.
package struct LoginProblem: Sendable, Equatable {
    /// Keys from the top of the user-data to the member.
    package var path: [String]
    package var message: String
    /// Login works; something else that the user may expect does not.
    package var isWarning = false
}

extension CloudConfig {
    /// Members of user-data that keep `sshUser` from logging in with our key, or the guest from having our host key.
    /// - Parameter user: a cloud-config as the user wrote it, before it is merged.
    package static func loginProblems(_ user: Value, sshUser: String) -> [LoginProblem] {
        var found: [LoginProblem] = []
        func add(_ path: [String], _ message: String, warning: Bool = false) {
            found.append(LoginProblem(path: path, message: message, isWarning: warning))
        }
        if sshUser == "root", isOn(user["disable_root"]) {
            add(["disable_root"], "the ssh user is root, and this forbids its login; remove it, or set 'ssh-user' to a user of the guest")
        }
        checkLists(user, add)
        checkUsers(user, sshUser, add)
        if isOn(user["preserve_hostname"]) {
            add(["preserve_hostname"], "the guest keeps the host name of its template", warning: true)
        }
        return found
    }

    private static func checkLists(_ user: Value, _ add: ([String], String, Bool) -> Void) {
        if let keys = user["ssh_authorized_keys"], keys.elements == nil {
            add(["ssh_authorized_keys"], "expected a list, found \(keys.kind); it would replace the key that Atoll logs in with", false)
        }
        if let keys = user["ssh_keys"] {
            if let members = keys.members {
                for key in members.keys where key.hasPrefix("ed25519") {
                    add(["ssh_keys", key], "the guest's ed25519 host key is made and pinned by Atoll; remove it", false)
                }
            } else {
                add(["ssh_keys"], "expected a mapping, found \(keys.kind); it would replace the host key that Atoll pins", false)
            }
        }
        if let files = user["write_files"], files.elements == nil {
            add(["write_files"], "expected a list, found \(files.kind)", false)
        }
        // Each of these replaces the image's own list of modules.
        let lists = ["cloud_init_modules", "cloud_config_modules", "cloud_final_modules"].filter { user[$0]?.elements != nil }
        if lists.contains("cloud_init_modules") {
            let names = lists.flatMap { user[$0]?.elements ?? [] }.compactMap { $0.text ?? $0.elements?.first?.text }
            if !names.contains(where: { ["ssh", "cc_ssh"].contains($0) }) {
                add(["cloud_init_modules"], "the module 'ssh' is missing; it writes the key that Atoll logs in with", false)
            }
        }
    }

    private static func checkUsers(_ user: Value, _ sshUser: String, _ add: ([String], String, Bool) -> Void) {
        guard let users = user["users"], users != .null else { return }
        let entries = Self.entries(users)
        let isMade = sshUser == "root" || entries.contains { $0.name == sshUser || $0.name == "default" }
        if !isMade {
            add(["users"], "the ssh user '\(sshUser)' is not made; add 'default' or an entry with 'name: \(sshUser)'", false)
        }
        for entry in entries where entry.name == sshUser {
            let path = ["users"] + entry.path
            if isOn(entry.value["ssh_redirect_user"]) {
                add(path + ["ssh_redirect_user"], "the ssh user '\(sshUser)' is redirected and cannot log in; remove it", false)
            }
            let shell = entry.value["shell"]?.text?.split(separator: "/").last ?? ""
            if ["false", "nologin"].contains(shell) {
                add(path + ["shell"], "the ssh user '\(sshUser)' cannot run a command with this shell", false)
            }
            if let keys = entry.value["ssh_authorized_keys"], keys != .null, keys.elements == nil {
                add(path + ["ssh_authorized_keys"], "expected a list, found \(keys.kind)", false)
            }
        }
    }

    /// The entries of `users`: a list of names and mappings, a mapping by name, or names with commas between them.
    private static func entries(_ users: Value) -> [(name: String, path: [String], value: Value)] {
        if let members = users.members { return members.map { ($0.key, [$0.key], $0.value) } }
        if let text = users.text { return text.split(separator: ",").map { ($0.filter { !$0.isWhitespace }, [], .null) } }
        return (users.elements ?? []).enumerated().flatMap { index, entry -> [(name: String, path: [String], value: Value)] in
            if entry.members != nil { return [(entry["name"]?.text ?? "", ["\(index)"], entry)] }
            return (entry.text ?? "").split(separator: ",").map { ($0.filter { !$0.isWhitespace }, ["\(index)"], .null) }
        }
    }

    /// Whether cloud-init takes a value as true.
    private static func isOn(_ value: Value?) -> Bool {
        guard let text = value?.text else { return false }
        return ["true", "1", "on", "yes"].contains(text.lowercased())
    }

    /// Adds keys to the entry of `users` for a user other than root: the keys at the top level go to root and the default user only.
    mutating func authorize(_ keys: [String], sshUser: String) {
        guard sshUser != "root", !keys.isEmpty, let users = userData["users"] else { return }
        let added: Value = ["ssh_authorized_keys": .list(keys.map { .string($0.withoutNewline) })]
        func extended(_ entry: Value) -> Value {
            let entry: Value = entry == .null ? .map([:]) : entry
            guard entry.members != nil else { return entry }
            return entry["ssh_authorized_keys"] == .null ? entry.replacingMembers(of: added) : entry.deepMerged(with: added)
        }
        var changed = users
        if var members = users.members, let entry = members[sshUser] {
            members[sshUser] = extended(entry)
            changed = .map(members)
        } else if let elements = users.elements {
            changed = .list(elements.map { $0.members != nil && $0["name"]?.text == sshUser ? extended($0) : $0 })
        }
        userData = userData.replacingMembers(of: ["users": changed])
    }
}

extension Value {
    func replacingMembers(of other: Value) -> Value {
        guard var members, let others = other.members else { return self }
        for (key, value) in others { members[key] = value }
        return .map(members)
    }
}
