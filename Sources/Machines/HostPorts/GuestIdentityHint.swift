package import AtollModel

/// Why a guest answers with another host key than it was given, or refuses our login, by how it got its identity.
package enum GuestIdentityHint {
    /// A phrase for a hint; nil for a guest that got none.
    package static func text(_ bootstrap: BootstrapKind) -> String? {
        switch bootstrap {
        case .cloudInit: "cloud-init did not apply the VM's seed (is it in the image?): 'bootstrap: sysprep' needs no cloud-init"
        case .sysprep:
            "a service in the image replaced what sysprep wrote, such as its own first-boot set-up: 'bootstrap: none' leaves it alone"
        case .none: nil
        }
    }
}
