/// Directives: the actions a formula can call, and what each is given of its run (session, log, files, results).
///
/// A directive runs commands through `RunSession` only; it never speaks to libvirt or SSH. Start with `Directive`;
/// `DirectiveSet+Standard.swift` lists those that ship.
package enum Directives {}
