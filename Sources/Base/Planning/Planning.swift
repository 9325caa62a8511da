/// How anything is changed: a graph of small idempotent steps, run by one runner.
///
/// A use case compares the resolved environment with the observed world and returns a `Plan`. `PlanRunner` gives every plan the
/// same things: bounded parallelism along the graph, progress events, an intent in the journal before each step and its end
/// after it, undo in reverse on failure, interruption, and named failpoints. This room knows nothing of VMs.
/// Start with `Step`.
package enum Planning {}
