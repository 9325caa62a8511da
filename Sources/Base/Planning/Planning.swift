/// Plans: graphs of small idempotent steps, run by one runner.
///
/// A use case compares the resolved environment with the observed host and returns a `Plan`. `PlanRunner` gives every plan the
/// same features: bounded parallelism, progress events, a journal entry before and after each step, rollback in reverse order on
/// failure, interruption, and named failpoints. This module has no knowledge of VMs.
/// Start with `Step`.
package enum Planning {}
