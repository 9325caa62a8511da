/// The ports through which use cases reach the host, the values they observe there, and what both sides share: the layout of a
/// prefix and the errors.
///
/// The module holds no rule and calls nothing. Start with `DomainPorts.swift`; `LibvirtHost` implements the ports.
package enum HostPorts {}
