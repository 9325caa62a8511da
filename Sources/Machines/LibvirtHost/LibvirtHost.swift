/// Adapters that implement the ports of `HostPorts` with libvirt, libguestfs, SSH and the files of this host.
///
/// An adapter translates; it decides nothing. Start with `LibvirtDomains`.
package enum LibvirtHost {}
