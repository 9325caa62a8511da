/// Decisions about domains and networks before libvirt is called: architecture, emulator, CPU, firmware, devices, egress rules.
///
/// Pure functions from the resolved environment and the observed host to definitions. The module never calls libvirt and never reads or
/// writes a file. Start with `DomainPlanner`; `EgressPlan` covers network filters.
public enum DomainPlan {}

/// Reason why a VM or network of an environment cannot run on this host.
public struct DomainPlanError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Class of the failure; callers branch on it, never on the text.
    public enum Code: String, Sendable {
        /// No emulator for the architecture and accelerator.
        case emulator
        /// No UEFI firmware for the architecture.
        case firmware
        /// No TPM emulator, or not the required model.
        case tpm
        /// `cpu_model` and `cpu_custom` are both set.
        case cpu
        /// The Linux bridge of a bridge network is missing.
        case bridge
        /// Bridged packets bypass the firewall.
        case bridgeFilter
    }
    public var code: Code
    public var message: String
    /// Command or step that fixes the cause.
    public var hint: String

    public init(_ code: Code, _ message: String, hint: String) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    public var description: String { "\(message)\nhint: \(hint)" }
}
