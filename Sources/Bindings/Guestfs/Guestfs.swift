/// Owning Swift handles for libguestfs: a small virtual machine (the appliance) that opens disk images of stopped guests.
///
/// The library is loaded on first use, never linked, so that verbs without disk work do not load it. Every call blocks:
/// async callers use `Blocking.run`. This module has no knowledge of environments, templates or identities, and does not decide
/// what is written. Start with `Appliance`.
package enum Guestfs {}
