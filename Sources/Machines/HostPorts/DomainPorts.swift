package import AtollModel
package import AtollVirtXML

/// Domain as observed on the host.
package struct ObservedDomain: Sendable, Equatable {
    package var name: String
    package var state: MachineState
    /// Prefix in the owner tag of the domain; nil if the domain is foreign.
    package var owner: PrefixID?
    /// nil if unknown.
    package var accelerator: Accelerator?
    /// Parse error of the domain's XML; nil if the XML is valid.
    package var unreadable: String?

    package init(
        name: String, state: MachineState, owner: PrefixID?, accelerator: Accelerator? = nil, unreadable: String? = nil
    ) {
        self.name = name
        self.state = state
        self.owner = owner
        self.accelerator = accelerator
        self.unreadable = unreadable
    }

    /// Warning about a domain whose XML is unreadable and shows no owner tag; nil for all others.
    package var warning: String? {
        guard owner == nil, let unreadable else { return nil }
        return "warning: domain '\(name)': unreadable XML (\(unreadable)); treated as foreign"
    }
}

/// Virtualization hardware and software of the host.
///
/// Every method throws `EnvironmentError.Code.hostFailure` if libvirt does not answer and `.refused` if it rejects the user.
package protocol HostHardware: Sendable {
    /// Architectures, emulators, machine types and processor of the host.
    func capabilities() async throws -> HostCapabilities
    /// Optional parts that domains of one kind may have. Slow on first use: libvirt starts the emulator to probe it.
    func domainCapabilities(_ kind: DomainKind) async throws -> DomainCapabilities
    /// CPU models that libvirt knows. Slow: reads the whole CPU map.
    /// - Throws: `VirtXMLError.Code.cpuMap` if the host has no CPU map.
    func cpuModels() async throws -> CPUModels
}

/// Starts, stops and lists domains.
///
/// Every method throws `EnvironmentError.Code.hostFailure` if libvirt does not answer and `.refused` if it rejects the user.
package protocol DomainLifecycle: Sendable {
    /// Every domain of the host, including foreign ones.
    func domains() async throws -> [ObservedDomain]
    /// The domain of that name; nil if it is missing.
    func domain(named name: String) async throws -> ObservedDomain?
    /// Starts a transient domain. No-op if a domain of that name and owner exists.
    /// - Throws: `.hostFailure` if the name is in use by a foreign domain or QEMU fails.
    func start(_ definition: DomainDefinition) async throws
    /// Powers off a domain immediately. No-op if it is missing.
    /// - Throws: `.refused` if the domain does not carry the owner tag of `owner`.
    func stop(named name: String, owner: PrefixID) async throws
}

/// Files that QEMU opens for a domain: disk layers and the console log.
package protocol DomainFiles: Sendable {
    /// The machine with the complete backing chain of each disk, as the headers of the images define it.
    /// - Throws: `.refused` naming the layer that is missing or invalid.
    func completingBackingChains(of machine: Machine, files: PrefixFiles) async throws -> Machine
    /// Checks that the user that QEMU runs as may open every layer.
    /// - Parameter machine: with complete backing chains.
    /// - Throws: `.refused` with one setfacl command for each file or directory without access.
    func checkAccess(to machine: Machine, files: PrefixFiles, user: UInt32) async throws
    /// Creates an empty console log that the caller owns and QEMU may write, and deletes the logs of earlier boots.
    func createConsoleLog(at path: String) async throws
}
