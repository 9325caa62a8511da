/// The command line: one file per verb, which validates its flags, makes one request, calls one use case and renders what comes back.
///
/// No rule of the product lives here. Arguments are normalised once (`ArgumentNormalizer`), parsed by ArgumentParser, and errors become
/// text and an exit code in one place (`ExitCode.swift`). What the verbs work on is put together by the composition root and
/// reaches them as `Runtime`. Start with `AtollCommand`.
package enum CLI {}
