package import AtollModel
import OrderedCollections

/// What a VM gets when its init file says nothing, as far as it is configuration. (Sizes and bus types are the VirtXML room's.)
package struct SpecDefaults: Sendable, Equatable {
    package var vmType = "default"
    package var vmProvider = "local-libvirt"
    package var sshUser = "root"
    /// Seconds.
    package var bootTime = 600
    /// Set on guests whose VM has no `root-password`.
    package var rootPassword: String?
    /// Used for VMs that have neither password.
    package var sshPassword: String?

    package init() {}
}

extension InitFile {
    /// The spec with every open choice of `defaults` filled in, in the fields and in `raw`.
    package static func applying(_ defaults: SpecDefaults, to spec: EnvironmentSpec) -> EnvironmentSpec {
        var spec = spec
        for name in spec.domains.keys {
            guard var domain = spec.domains[name] else { continue }
            domain.vmType = domain.vmType ?? defaults.vmType
            domain.vmProvider = domain.vmProvider ?? defaults.vmProvider
            domain.sshUser = domain.sshUser ?? defaults.sshUser
            domain.bootTime = domain.bootTime ?? defaults.bootTime
            if domain.rootPassword == nil && domain.sshPassword == nil {
                domain.sshPassword = defaults.rootPassword ?? defaults.sshPassword
            }
            // Saved, so that later verbs can log in; only what the init file itself set is ever shown as the root password.
            if domain.raw["ssh-password"] == nil, domain.raw["root-password"] == nil, let password = domain.sshPassword {
                domain.raw["ssh-password"] = .string(password)
            }
            domain.rootPassword = domain.rootPassword ?? defaults.rootPassword
            domain.raw["vm-type"] = domain.vmType.map(Value.string)
            domain.raw["vm-provider"] = domain.vmProvider.map(Value.string)
            domain.raw["ssh-user"] = domain.sshUser.map(Value.string)
            spec.domains[name] = domain
        }
        return spec
    }
}
