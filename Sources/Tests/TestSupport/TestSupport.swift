/// Shared test fixtures: temporary workspaces, a seeded generator, polling, local servers.
///
/// Contains no product behaviour. Start with `Workspace`.
package enum TestSupport {}
