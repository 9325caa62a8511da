/// This machine, as the other rooms see it: run a tool, hold a lock, write a file so that it is whole or absent, hash a stream,
/// ask what acceleration, memory, routes and disk space there are.
///
/// It knows nothing of environments, libvirt or guests, and decides nothing. Start with `Tool` (a process), `FileLock`
/// and `AtomicFile`; `Blocking` is how every room keeps blocking C away from Swift's cooperative threads.
package enum Platform {}
