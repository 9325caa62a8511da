import CLibvirt

/// A packet filter of a libvirt host (nwfilter), which the NICs of domains refer to by its name. Filters are kept on disk.
///
/// Unchecked because the C handle is a pointer; libvirt documents it as safe from several threads, and it is freed only in deinit.
package final class NetworkFilter: @unchecked Sendable {
    private let raw: OpaquePointer
    /// The connection it was found through; held so that it is closed after the filter is freed.
    package let connection: Connection
    /// The name, unique on the host.
    package let name: String

    init(owning raw: OpaquePointer, connection: Connection) {
        self.raw = raw
        self.connection = connection
        name = virNWFilterGetName(raw).map { String(cString: $0) } ?? ""
    }

    deinit { virNWFilterFree(raw) }

    /// The definition as XML.
    package func xml() throws(LibvirtError) -> String {
        guard let text = virNWFilterGetXMLDesc(raw, 0) else { throw failure("read the definition of") }
        return Library.take(text)
    }

    /// Removes it. - Throws: an error that `isOperationInvalid` while a running domain uses it.
    package func undefine() throws(LibvirtError) { if virNWFilterUndefine(raw) < 0 { throw failure("remove") } }

    private func failure(_ verb: String) -> LibvirtError { LibvirtError.last("\(verb) the network filter \(name)") }
}

extension Connection {
    /// The filters of the host, the ones that come with libvirt included.
    /// - Throws: an error that `isUnsupported` where libvirt has no network filters.
    package func listNetworkFilters() throws(LibvirtError) -> [NetworkFilter] {
        let found = try use("list the network filters") { connection throws(LibvirtError) in
            var list: UnsafeMutablePointer<OpaquePointer?>?
            let count = virConnectListAllNWFilters(connection, &list, 0)
            guard count >= 0 else { throw LibvirtError.last("list the network filters") }
            return Library.take(list, count: count)
        }
        return found.map { NetworkFilter(owning: $0, connection: self) }
    }

    /// The filter of this name. - Throws: an error that `isNotFound` when there is none.
    package func lookupNetworkFilter(name: String) throws(LibvirtError) -> NetworkFilter {
        try filter("find the network filter \(name)") { virNWFilterLookupByName($0, name) }
    }

    /// Defines a filter, or gives the one of the same name and UUID new rules, which running domains follow at once.
    package func defineNetworkFilter(xml: String) throws(LibvirtError) -> NetworkFilter {
        try filter("define the network filter") { virNWFilterDefineXML($0, xml) }
    }

    private func filter(_ operation: String, _ call: (OpaquePointer) -> OpaquePointer?) throws(LibvirtError) -> NetworkFilter {
        let found = try use(operation) { connection throws(LibvirtError) in
            guard let filter = call(connection) else { throw LibvirtError.last(operation) }
            return filter
        }
        return NetworkFilter(owning: found, connection: self)
    }
}
