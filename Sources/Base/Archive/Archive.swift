/// Tar streams: written from a directory tree, and unpacked with nothing leaving the target directory.
///
/// The module never trusts a stream: names, links, sizes and kinds are checked before anything is written. Start with
/// `TarWriter` and `TarExtraction`.
package enum Archive {}
