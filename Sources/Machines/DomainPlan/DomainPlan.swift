/// Decisions about domains and networks before libvirt is called: architecture, emulator, CPU, firmware, devices, egress rules.
///
/// Pure functions from the resolved environment and the observed host to definitions. The module never calls libvirt and never reads or
/// writes a file. Start with `DomainPlanner`; `EgressPlan` covers network filters.
package enum DomainPlan {}

/// Reason why a VM or network of an environment cannot run on this host.
package struct DomainPlanError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Class of the failure; callers branch on it, never on the text.
    package enum Code: String, Sendable {
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
    package var code: Code
    package var message: String
    /// Command or step that fixes the cause.
    package var hint: String

    package init(_ code: Code, _ message: String, hint: String) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String { "\(message)\nhint: \(hint)" }
}
