/// The state of a VM as libvirt reports it, in the words `status` has always used (spec 3.5).
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
    /// No such domain.
    case down
    case unreachable = "failed to get state"
}

/// How guests run on this host.
public enum Accelerator: String, Sendable, CaseIterable {
    case kvm
    case tcg

    /// Deadlines are multiplied by this.
    public var deadlineFactor: Int { self == .kvm ? 1 : 4 }
}

/// The accelerator that was chosen, and why.
public struct AcceleratorChoice: Sendable, Equatable {
    public var accelerator: Accelerator
    /// One clause: "/dev/kvm is there, but the CPU shows neither vmx nor svm".
    public var reason: String
    public init(_ accelerator: Accelerator, reason: String) {
        self.accelerator = accelerator
        self.reason = reason
    }
}
