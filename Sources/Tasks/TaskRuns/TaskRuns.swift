/// Task runs: the executor that runs a formula's actions in an `Instance`, the overlord that decides where, and the record
/// each run leaves.
///
/// It never speaks to libvirt or ssh itself; it knows `Instance` alone. Start with `Overlord`.
package enum TaskRuns {}
