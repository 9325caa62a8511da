/// Commands as argument vectors: quoting for a shell, standard streams, bounded capture, and programs run on this host.
///
/// Start with `Tool` for programs of this host and `ShellWord` for command lines.
package enum Commands {}
