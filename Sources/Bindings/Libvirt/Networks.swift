import CLibvirt

extension Connection {
    /// Networks of the host, including inactive ones if `all`.
    package func listNetworks(all: Bool = true) throws(LibvirtError) -> [Network] {
        let found = try use("list networks") { connection throws(LibvirtError) in
            var list: UnsafeMutablePointer<OpaquePointer?>?
            let count = virConnectListAllNetworks(connection, &list, all ? 0 : VIR_CONNECT_LIST_NETWORKS_ACTIVE.rawValue)
            guard count >= 0 else { throw LibvirtError.last("list networks") }
            return Library.take(list, count: count)
        }
        return found.map { Network(owning: $0, connection: self) }
    }

    /// The network with this name. - Throws: an error that `isNotFound` if there is none.
    package func lookupNetwork(name: String) throws(LibvirtError) -> Network {
        try network("find network '\(name)'") { virNetworkLookupByName($0, name) }
    }

    /// The network with this UUID (with or without dashes). - Throws: an error that `isNotFound` if there is none.
    package func lookupNetwork(uuid: String) throws(LibvirtError) -> Network {
        try network("find network '\(uuid)'") { virNetworkLookupByUUIDString($0, uuid) }
    }

    /// Starts a transient network, which exists only while it is active.
    package func createNetwork(xml: String, validate: Bool = false) throws(LibvirtError) -> Network {
        try network("start the network") { virNetworkCreateXMLFlags($0, xml, validate ? VIR_NETWORK_CREATE_VALIDATE.rawValue : 0) }
    }

    /// Defines a persistent network without starting it.
    package func defineNetwork(xml: String) throws(LibvirtError) -> Network {
        try network("define the network") { virNetworkDefineXML($0, xml) }
    }

    private func network(_ operation: String, _ call: (OpaquePointer) -> OpaquePointer?) throws(LibvirtError) -> Network {
        let found = try use(operation) { connection throws(LibvirtError) in
            guard let network = call(connection) else { throw LibvirtError.last(operation) }
            return network
        }
        return Network(owning: found, connection: self)
    }
}
