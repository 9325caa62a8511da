import CLibvirt

/// Flags for starting a domain.
package struct DomainStart: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Start with paused vCPUs, until `resume`.
    package static let paused = DomainStart(rawValue: VIR_DOMAIN_START_PAUSED.rawValue)
    /// Destroy the domain when the connection that started it closes.
    package static let autodestroy = DomainStart(rawValue: VIR_DOMAIN_START_AUTODESTROY.rawValue)
    /// Validate the XML against libvirt's schema first.
    package static let validate = DomainStart(rawValue: VIR_DOMAIN_START_VALIDATE.rawValue)
}

extension Connection {
    /// Domains of the host, including inactive ones if `all`.
    package func listDomains(all: Bool = true) throws(LibvirtError) -> [Domain] {
        let found = try use("list domains") { connection throws(LibvirtError) in
            var list: UnsafeMutablePointer<OpaquePointer?>?
            let count = virConnectListAllDomains(connection, &list, all ? 0 : VIR_CONNECT_LIST_DOMAINS_ACTIVE.rawValue)
            guard count >= 0 else { throw LibvirtError.last("list domains") }
            return Library.take(list, count: count)
        }
        return found.map { Domain(owning: $0, connection: self) }
    }

    /// The domain with this name. - Throws: an error that `isNotFound` if there is none.
    package func lookupDomain(name: String) throws(LibvirtError) -> Domain {
        try domain("find domain '\(name)'") { virDomainLookupByName($0, name) }
    }

    /// The domain with this UUID (with or without dashes). - Throws: an error that `isNotFound` if there is none.
    package func lookupDomain(uuid: String) throws(LibvirtError) -> Domain {
        try domain("find domain '\(uuid)'") { virDomainLookupByUUIDString($0, uuid) }
    }

    /// Starts a transient domain, which exists only while it runs.
    package func createDomain(xml: String, _ flags: DomainStart = []) throws(LibvirtError) -> Domain {
        try domain("start the domain") { virDomainCreateXML($0, xml, flags.rawValue) }
    }

    /// Defines a persistent domain without starting it.
    package func defineDomain(xml: String, validate: Bool = false) throws(LibvirtError) -> Domain {
        try domain("define the domain") { virDomainDefineXMLFlags($0, xml, validate ? VIR_DOMAIN_DEFINE_VALIDATE.rawValue : 0) }
    }

    private func domain(_ operation: String, _ call: (OpaquePointer) -> OpaquePointer?) throws(LibvirtError) -> Domain {
        let found = try use(operation) { connection throws(LibvirtError) in
            guard let domain = call(connection) else { throw LibvirtError.last(operation) }
            return domain
        }
        return Domain(owning: found, connection: self)
    }
}
