package import AtollClaims

/// What an examination is about.
package struct Subject: Sendable, Equatable {
    package var stateRoot: StateRoot
    /// Where subnets are leased.
    package var leaseDirectory: String
    package var libvirtURI: String
    /// How long libvirt may take to answer before it counts as hanging.
    package var libvirtPatience: Duration
    /// What guests shall run on: `kvm`, `tcg`, or `auto` for the better one that works.
    package var accelerator: String

    package init(
        stateRoot: StateRoot = StateRoot(), leaseDirectory: String = LeaseStore.defaultDirectory,
        libvirtURI: String = "qemu:///system", libvirtPatience: Duration = .seconds(10),
        accelerator: String = "auto"
    ) {
        self.stateRoot = stateRoot
        self.leaseDirectory = leaseDirectory
        self.libvirtURI = libvirtURI
        self.libvirtPatience = libvirtPatience
        self.accelerator = accelerator
    }
}
