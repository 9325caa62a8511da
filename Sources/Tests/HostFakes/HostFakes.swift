/// In-memory implementation of every host port, and the contract that it shares with the real adapters.
///
/// For tests only. It decides nothing: a rule of the product that a fake repeats is a rule in the wrong module. Start with `FakeHost`;
/// `HostContract` is the suite of assertions that both the fake and libvirt pass.
package enum HostFakes {}
