/// State of a VM as reported by libvirt, as printed by `status` (spec 3.5).
public enum MachineState: String, Sendable, CaseIterable {
    case noState = "no state"
    case running
    case blocked
    case paused
    case shuttingDown = "begin shut down"
    case shutOff = "shut off"
    case crashed
    case suspended
    case unknown
    /// The domain does not exist.
    case down
    case unreachable = "failed to get state"
}

/// How guests run on this host: with KVM or by emulation.
public enum Accelerator: String, Sendable, CaseIterable {
    case kvm
    case tcg

    /// Factor for timeouts.
    public var deadlineFactor: Int { self == .kvm ? 1 : 4 }
}

/// The selected accelerator and the reason.
public struct AcceleratorChoice: Sendable, Equatable {
    public var accelerator: Accelerator
    /// Reason, one clause: "/dev/kvm exists, but the CPU has neither vmx nor svm".
    public var reason: String
    public init(_ accelerator: Accelerator, reason: String) {
        self.accelerator = accelerator
        self.reason = reason
    }
}
