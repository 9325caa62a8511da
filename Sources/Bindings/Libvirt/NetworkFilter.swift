import CLibvirt

/// A packet filter of a libvirt host (nwfilter), referenced by name from domain NICs. Filters are persistent.
///
/// Unchecked because the C handle is a pointer; libvirt documents it as thread-safe, and it is freed only in deinit.
package final class NetworkFilter: @unchecked Sendable {
    private let raw: OpaquePointer
    /// Connection of the handle; retained so that it is closed after the filter is freed.
    package let connection: Connection
    /// Name, unique on the host.
    package let name: String

    init(owning raw: OpaquePointer, connection: Connection) {
        self.raw = raw
        self.connection = connection
        name = virNWFilterGetName(raw).map { String(cString: $0) } ?? ""
    }

    deinit { virNWFilterFree(raw) }

    /// Definition as XML.
    package func xml() throws(LibvirtError) -> String {
        guard let text = virNWFilterGetXMLDesc(raw, 0) else { throw failure("read the definition of") }
        return Library.take(text)
    }

    /// Removes the filter. - Throws: an error that `isOperationInvalid` while a running domain uses it.
    package func undefine() throws(LibvirtError) { if virNWFilterUndefine(raw) < 0 { throw failure("remove") } }

    private func failure(_ verb: String) -> LibvirtError { LibvirtError.last("\(verb) network filter '\(name)'") }
}

extension Connection {
    /// Filters of the host, including those that libvirt installs.
    /// - Throws: an error that `isUnsupported` if libvirt has no nwfilter driver.
    package func listNetworkFilters() throws(LibvirtError) -> [NetworkFilter] {
        let found = try use("list network filters") { connection throws(LibvirtError) in
            var list: UnsafeMutablePointer<OpaquePointer?>?
            let count = virConnectListAllNWFilters(connection, &list, 0)
            guard count >= 0 else { throw LibvirtError.last("list network filters") }
            return Library.take(list, count: count)
        }
        return found.map { NetworkFilter(owning: $0, connection: self) }
    }

    /// The filter with this name. - Throws: an error that `isNotFound` if there is none.
    package func lookupNetworkFilter(name: String) throws(LibvirtError) -> NetworkFilter {
        try filter("find network filter '\(name)'") { virNWFilterLookupByName($0, name) }
    }

    /// Defines a filter, or replaces the rules of the one with the same name and UUID; running domains use the new rules at once.
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
