/// How a guest gets its identity: one value, `GuestIdentity`, one pure rendering of it as `GuestFile`s, and two writers.
///
/// `SysprepBatch` writes the files into disks that are off, all disks of an `init` through one libguestfs appliance, led by
/// the recipes under `templates/bootstrap/`. `SeedVolume` packs the same files, and the cloud-init documents, into a NoCloud
/// volume that the guest reads when it boots. Keys and passwords are made elsewhere and never reach a log from here; nothing
/// is ever quoted for a shell. Start with `GuestIdentity`, then `SeedVolume.image(of:)` or `SysprepBatch.run(_:)`.
package enum Bootstrap {}
