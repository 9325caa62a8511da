/// Workdirs and prefixes, and the use cases on them: init, start, stop, wait, shell, status, destroy.
///
/// A use case loads the resolved environment, observes the host through the ports of `Ports.swift`, and makes a `Plan`; the Planning
/// room runs it. Nothing here parses a command line or prints. The live adapters of the ports are in `Adapters/`.
/// Start with `Prefix` (what is on disk) and `StartUseCase` (the simplest verb).
package enum Environments {}
