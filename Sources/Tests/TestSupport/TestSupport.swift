/// What tests share: workspaces that vanish, a seeded generator, a deadline poll, private libvirt nodes.
///
/// It holds no product behaviour. Start with `Workspace`.
package enum TestSupport {}
