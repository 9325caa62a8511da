package import AtollHostPorts
import AtollLibvirt
package import AtollModel
package import AtollVirtXML
import AtollXML

/// Networks of the host through libvirt.
package struct LibvirtNetworks: Networks {
    private let link: LibvirtLink

    package init(_ link: LibvirtLink) { self.link = link }

    package func networks() async throws -> [ObservedNetwork] {
        try await link.use { connection in
            try connection.listNetworks().compactMap { network in
                // A network that ended after it was listed is left out.
                do { return try Self.observe(network) } catch let error as LibvirtError where error.isNotFound { return nil }
            }
        }
    }

    package func network(named name: String) async throws -> ObservedNetwork? {
        try await link.use { connection in
            do {
                return try Self.observe(try connection.lookupNetwork(name: name))
            } catch let error as LibvirtError where error.isNotFound {
                return nil
            }
        }
    }

    package func start(_ definition: NetworkDefinition) async throws {
        let xml = try VirtXML.text(definition)
        try await link.use { connection in
            do {
                _ = try connection.createNetwork(xml: xml)
            } catch let error as LibvirtError where error.isConflict {
                // The call may be a retry after libvirtd restarted in the middle of the first one.
                let found = try Self.observe(try connection.lookupNetwork(name: definition.name))
                guard found.owner == definition.ownerTag.prefix, found.isActive else { throw error }
            }
        }
    }

    package func stop(named name: String, owner: PrefixID) async throws {
        try await link.use { connection in
            do {
                let network = try connection.lookupNetwork(name: name)
                guard try Self.observe(network).owner == owner else { throw EnvironmentError.foreign("network", name, owner) }
                try network.destroy()
            } catch let error as LibvirtError where error.isNotFound || error.isOperationInvalid {
                return
            }
        }
    }

    private static func observe(_ network: AtollLibvirt.Network) throws -> ObservedNetwork {
        let (text, isActive) = (try network.xml(), try network.isActive())
        // Fails for a network without a bridge.
        let bridge: String?
        do { bridge = try network.bridgeName() } catch let error where !error.isConnectionFailure { bridge = nil }
        do {
            let description = try NetworkDescription(xml: text)
            return ObservedNetwork(
                name: network.name, isActive: isActive, owner: description.ownerTag?.prefix, subnets: description.subnets, bridge: bridge)
        } catch let error as XMLError {
            return ObservedNetwork(
                name: network.name, isActive: isActive, owner: OwnerTag(damaged: text)?.prefix, bridge: bridge,
                unreadable: error.description)
        }
    }
}
