import CLibvirt
import Glibc

/// A virtual network of a libvirt host. It can disappear at any time: every call may throw an error that `isNotFound`.
///
/// Unchecked because the C handle is a pointer; libvirt documents it as thread-safe, and it is freed only in deinit.
package final class Network: @unchecked Sendable {
    private let raw: OpaquePointer
    /// Connection of the handle; retained so that it is closed after the network is freed.
    package let connection: Connection
    /// Name, unique on the host.
    package let name: String

    init(owning raw: OpaquePointer, connection: Connection) {
        self.raw = raw
        self.connection = connection
        name = virNetworkGetName(raw).map { String(cString: $0) } ?? ""
    }

    deinit { virNetworkFree(raw) }

    /// The UUID, lower case with dashes.
    package func uuid() throws(LibvirtError) -> String {
        guard let uuid = Library.uuid({ virNetworkGetUUIDString(raw, $0) }) else { throw failure("read the UUID of") }
        return uuid
    }

    /// Definition as XML.
    package func xml(inactive: Bool = false) throws(LibvirtError) -> String {
        guard let text = virNetworkGetXMLDesc(raw, inactive ? VIR_NETWORK_XML_INACTIVE.rawValue : 0) else {
            throw failure("read the definition of")
        }
        return Library.take(text)
    }

    package func isActive() throws(LibvirtError) -> Bool {
        let answer = virNetworkIsActive(raw)
        if answer < 0 { throw failure("query") }
        return answer == 1
    }

    /// Name of its Linux bridge device.
    package func bridgeName() throws(LibvirtError) -> String {
        guard let text = virNetworkGetBridgeName(raw) else { throw failure("read the bridge of") }
        return Library.take(text)
    }

    /// Starts a persistent network.
    package func create() throws(LibvirtError) { if virNetworkCreate(raw) < 0 { throw failure("start") } }

    /// Stops the network; a transient one is removed.
    package func destroy() throws(LibvirtError) { if virNetworkDestroy(raw) < 0 { throw failure("stop") } }

    /// Removes a persistent definition.
    package func undefine() throws(LibvirtError) { if virNetworkUndefine(raw) < 0 { throw failure("undefine") } }

    /// Leases of its DHCP server, optionally of one MAC address only.
    package func dhcpLeases(mac: String? = nil) throws(LibvirtError) -> [DHCPLease] {
        var list: UnsafeMutablePointer<virNetworkDHCPLeasePtr?>?
        let count = virNetworkGetDHCPLeases(raw, mac, &list, 0)
        guard count >= 0 else { throw failure("read the leases of") }
        guard let list else { return [] }
        defer { free(list) }
        return (0..<Int(count)).compactMap { index in
            guard let lease = list[index] else { return nil }
            defer { virNetworkDHCPLeaseFree(lease) }
            return DHCPLease(lease.pointee)
        }
    }

    private func failure(_ verb: String) -> LibvirtError { LibvirtError.last("\(verb) network '\(name)'") }
}

/// An address leased by a network's DHCP server.
package struct DHCPLease: Sendable, Equatable {
    package var mac: String
    package var address: String
    package var prefixLength: Int
    package var hostName: String?
    /// Expiry time, in seconds since 1970.
    package var expires: Int

    init(_ lease: virNetworkDHCPLease) {
        mac = lease.mac.map { String(cString: $0) } ?? ""
        address = lease.ipaddr.map { String(cString: $0) } ?? ""
        prefixLength = Int(lease.prefix)
        hostName = lease.hostname.map { String(cString: $0) }
        expires = Int(lease.expirytime)
    }
}
