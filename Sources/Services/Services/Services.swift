/// The application layer: every operation of the product as an async method with a request value, a typed result and events.
///
/// The command line, the SDK and later the worker and the hub call it and hold no rules of their own. It parses no command line,
/// prints nothing and reads no terminal.
/// Start with `OperationRegistry`, which runs operations, then `EnvironmentService`.
package enum Services {}
