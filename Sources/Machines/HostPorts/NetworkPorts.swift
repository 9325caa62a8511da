package import AtollDomainPlan
package import AtollModel
package import AtollVirtXML

/// libvirt network as observed on the host.
package struct ObservedNetwork: Sendable, Equatable {
    package var name: String
    package var isActive: Bool
    /// Prefix in the owner tag of the network; nil if the network is foreign.
    package var owner: PrefixID?
    /// IPv4 subnets that it serves.
    package var subnets: [IPv4Subnet]
    /// Linux bridge device; nil if it has none.
    package var bridge: String?
    /// Parse error of the network's XML, whose subnets are unknown then; nil if the XML is valid.
    package var unreadable: String?

    package init(
        name: String, isActive: Bool, owner: PrefixID?, subnets: [IPv4Subnet] = [], bridge: String? = nil, unreadable: String? = nil
    ) {
        self.name = name
        self.isActive = isActive
        self.owner = owner
        self.subnets = subnets
        self.bridge = bridge
        self.unreadable = unreadable
    }

    /// Warning about a network whose XML is unreadable and shows no owner tag; nil for all others.
    package var warning: String? {
        guard owner == nil, let unreadable else { return nil }
        return "warning: network '\(name)': unreadable XML (\(unreadable)); treated as foreign, its subnets are unknown"
    }
}

/// Network filter of a prefix as observed on the host.
package struct ObservedFilter: Sendable, Hashable {
    package var name: String
    /// Prefix in the name of the filter: filters have no metadata.
    package var owner: PrefixID

    package init(name: String, owner: PrefixID) {
        self.name = name
        self.owner = owner
    }
}

/// Starts, stops and lists virtual networks.
///
/// Every method throws `EnvironmentError.Code.hostFailure` if libvirt does not answer and `.refused` if it rejects the user.
package protocol Networks: Sendable {
    /// Every network of the host, including foreign ones.
    func networks() async throws -> [ObservedNetwork]
    /// The network of that name; nil if it is missing.
    func network(named name: String) async throws -> ObservedNetwork?
    /// Starts a transient network. No-op if an active network of that name and owner exists.
    /// - Throws: `.hostFailure` if the name is in use by a foreign network or the bridge device exists.
    func start(_ definition: NetworkDefinition) async throws
    /// Stops a network. No-op if it is missing.
    /// - Throws: `.refused` if the network does not carry the owner tag of `owner`.
    func stop(named name: String, owner: PrefixID) async throws
}

/// Packet filters for the traffic of guests. A host without network filters lists none.
package protocol NetworkFilters: Sendable {
    /// Every filter of any prefix on the host; foreign ones are left out.
    func filters() async throws -> [ObservedFilter]
    /// Addresses that a filter permits because of a host name, by that name.
    /// - Throws: `.notFound` if the filter is missing.
    func addresses(inFilter name: String) async throws -> [String: [IPv4Address]]
    /// Creates a filter, or replaces the rules of the filter of the same name; running domains follow the new rules.
    /// - Throws: `.unsupported` if the host has no network filters.
    func define(_ definition: FilterDefinition) async throws
    /// Deletes a filter. No-op if it is missing.
    /// - Throws: `.refused` if the name is not that of a filter of `owner`; `.hostFailure` if a running domain uses the filter.
    func remove(named name: String, owner: PrefixID) async throws
}

/// Network interfaces, addresses and name resolution of the host.
package protocol HostInterfaces: Sendable {
    /// IPv4 addresses of the host, sorted.
    func addresses() async throws -> [IPv4Address]
    /// IPv4 addresses of a host name, resolved by the host, sorted; never empty.
    /// - Throws: `.hostFailure` if the name does not resolve.
    func addresses(ofHost name: String) async throws -> [IPv4Address]
    /// Whether the kernel supports IPv6.
    func hasIPv6() async -> Bool
    /// Names of the Linux bridge devices.
    func bridges() async -> Set<String>
    /// Deletes a Linux bridge device.
    /// - Throws: `.refused` with the command for root if the user may not, or if the bridge has ports.
    func removeBridge(named name: String) async throws
    /// Whether the firewall filters bridged packets.
    func bridgeFiltering() async -> BridgePlan.Filtering
}
