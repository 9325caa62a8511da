/// Owning Swift handles over libguestfs: a small virtual machine (the appliance) that opens disk images of guests which are off.
///
/// The library is loaded on first use, never linked, so that verbs which touch no disk pay nothing for it. Every call blocks:
/// async callers go through `Blocking.run`. This room knows nothing of environments, templates or identities, and never decides
/// what to write. Start with `Appliance`.
public enum Guestfs {
    /// Whether libguestfs can be loaded on this machine; nil when it can, else the reason with what to do about it.
    public static func missing() -> GuestfsError? {
        do throws(GuestfsError) {
            _ = try GuestfsLibrary.loaded()
            return nil
        } catch {
            return error
        }
    }
}
