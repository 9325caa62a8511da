public import AtollClaims

/// What an examination is about.
public struct Subject: Sendable, Equatable {
    public var stateRoot: StateRoot
    /// Where subnets are leased.
    public var leaseDirectory: String
    public var libvirtURI: String
    /// How long libvirt may take to answer before it counts as hanging.
    public var libvirtPatience: Duration
    /// What guests shall run on: `kvm`, `tcg`, or `auto` for the better one that works.
    public var accelerator: String

    public init(
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
