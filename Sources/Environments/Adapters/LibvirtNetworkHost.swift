import AtollLibvirt
public import AtollModel
import AtollPlatform
import AtollVirtXML

/// Networks through libvirt.
public struct LibvirtNetworkHost: NetworkHost {
    private let link: LibvirtLink

    public init(_ link: LibvirtLink) { self.link = link }

    public func networks() async throws -> [ObservedNetwork] {
        try await link.use { connection in
            try connection.listNetworks().compactMap { network in
                do { return try Self.observe(network) } catch let error as LibvirtError where error.isNotFound { return nil }
            }
        }
    }

    public func network(named name: String) async throws -> ObservedNetwork? {
        try await link.use { connection in
            do { return try Self.observe(try connection.lookupNetwork(name: name)) } catch let error as LibvirtError where error.isNotFound
            {
                return nil
            }
        }
    }

    public func start(_ network: AtollModel.Network, of environment: Environment) async throws {
        try await link.use { connection in
            let definition = try NetworkDefinition(network, of: environment, hasIPv6: SystemCall.exists("/proc/sys/net/ipv6"))
            do { _ = try connection.createNetwork(xml: try VirtXML.text(definition)) } catch let error as LibvirtError
                where error.isConflict
            {
                let found = try Self.observe(try connection.lookupNetwork(name: definition.name))
                guard found.owner == environment.id, found.isActive else { throw error }
            }
        }
    }

    public func stop(named name: String, owner: PrefixID) async throws {
        try await link.use { connection in
            do {
                let network = try connection.lookupNetwork(name: name)
                guard try Self.observe(network).owner == owner else {
                    throw EnvironmentError(.refused, "the network \(name) does not carry this environment's mark; it is left alone")
                }
                try network.destroy()
            } catch let error as LibvirtError where error.isNotFound || error.isOperationInvalid {
                return
            }
        }
    }

    private static func observe(_ network: AtollLibvirt.Network) throws -> ObservedNetwork {
        let description = try NetworkDescription(xml: try network.xml())
        return ObservedNetwork(
            name: network.name, isActive: try network.isActive(), owner: description.mark?.prefix, subnets: description.subnets)
    }
}
