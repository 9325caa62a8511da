/// Owning Swift handles over libguestfs: a small virtual machine (the appliance) that opens disk images of guests which are off.
///
/// The library is loaded on first use, never linked, so that verbs which touch no disk pay nothing for it. Every call blocks:
/// async callers go through `Blocking.run`. This room knows nothing of environments, templates or identities, and never decides
/// what to write. Start with `Appliance`.
package enum Guestfs {}
