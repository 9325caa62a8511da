import CLibvirt
import Glibc

/// A virtual network of a libvirt host. It may end at any time: every call may throw an error that `isNotFound`.
///
/// Unchecked because the C handle is a pointer; libvirt documents it as safe from several threads, and it is freed only in deinit.
package final class Network: @unchecked Sendable {
    private let raw: OpaquePointer
    /// The connection it was found through; held so that it is closed after the network is freed.
    package let connection: Connection
    /// The name, unique on the host.
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

    /// The definition as XML.
    package func xml(inactive: Bool = false) throws(LibvirtError) -> String {
        guard let text = virNetworkGetXMLDesc(raw, inactive ? VIR_NETWORK_XML_INACTIVE.rawValue : 0) else {
            throw failure("read the definition of")
        }
        return Library.take(text)
    }

    package func isActive() throws(LibvirtError) -> Bool {
        let answer = virNetworkIsActive(raw)
        if answer < 0 { throw failure("ask for") }
        return answer == 1
    }

    /// The Linux bridge device it runs on.
    package func bridgeName() throws(LibvirtError) -> String {
        guard let text = virNetworkGetBridgeName(raw) else { throw failure("read the bridge of") }
        return Library.take(text)
    }

    /// Starts a defined network.
    package func create() throws(LibvirtError) { if virNetworkCreate(raw) < 0 { throw failure("start") } }

    /// Stops it; a transient one is gone then.
    package func destroy() throws(LibvirtError) { if virNetworkDestroy(raw) < 0 { throw failure("stop") } }

    /// Forgets a defined network.
    package func undefine() throws(LibvirtError) { if virNetworkUndefine(raw) < 0 { throw failure("undefine") } }

    /// The addresses its DHCP server has given out, optionally to one MAC address.
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

    private func failure(_ verb: String) -> LibvirtError { LibvirtError.last("\(verb) the network \(name)") }
}

/// An address that a network's DHCP server has given out.
package struct DHCPLease: Sendable, Equatable {
    package var mac: String
    package var address: String
    package var prefixLength: Int
    package var hostName: String?
    /// When it ends, in seconds since 1970.
    package var expires: Int

    init(_ lease: virNetworkDHCPLease) {
        mac = lease.mac.map { String(cString: $0) } ?? ""
        address = lease.ipaddr.map { String(cString: $0) } ?? ""
        prefixLength = Int(lease.prefix)
        hostName = lease.hostname.map { String(cString: $0) }
        expires = Int(lease.expirytime)
    }
}
