import AtollXML

/// Domain, network and filter XML for libvirt, from values and back: pure functions, checked by golden files.
///
/// It does not call libvirt; the only files it reads are libvirt's CPU map. Start with `DomainDefinition`, `NetworkDefinition` and
/// `FilterDefinition`; `HostNames` derives the names of objects on the host, `OwnerTag` identifies their owner.
///
/// Who may read what, without touching qemu.conf (tried on libvirt 9.0, as root and as a member of group libvirt): QEMU runs as a user of
/// its own, and libvirt would give it every image, templates included, by chown. Each disk and each layer below it therefore says
/// `<seclabel model='dac' relabel='no'/>`, and the images carry an ACL entry for that user, made by whoever makes the file. The chain is
/// written out to its empty end, or libvirt would probe it and label what it finds. The serial console is a pty, so that `console` can
/// attach, with a `<log>` that virtlogd appends to as root: a file created beforehand keeps its owner and mode. At 2 MB virtlogd
/// renames it to `.0` and goes on in a new file of mode 0600: a reader who may not open the log reads `.0`, and each start makes it anew.
package enum VirtXML {
    /// The XML of a domain, to be started as a transient one. - Throws: `VirtXMLError`, or `XMLError` for text that XML cannot hold.
    package static func text(_ domain: DomainDefinition) throws -> String { try XML.write(try DomainXML(domain).element()) }

    /// The XML of a network, to be started as a transient one. - Throws: `VirtXMLError`, or `XMLError` for text that XML cannot hold.
    package static func text(_ network: NetworkDefinition) throws -> String { try XML.write(try NetworkXML(network).element()) }

    /// The XML of a network filter. - Throws: `XMLError` for text that XML cannot hold.
    package static func text(_ filter: FilterDefinition) throws -> String { try XML.write(FilterXML(filter).element()) }

    /// The XML of a disk snapshot. - Throws: `VirtXMLError` if it names a disk that the domain does not have.
    package static func text(_ snapshot: DiskSnapshot, of domain: DomainDescription) throws -> String {
        try XML.write(try snapshot.element(targets: domain.diskTargets))
    }
}
