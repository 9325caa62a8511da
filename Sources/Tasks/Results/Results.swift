/// What a task found, and the forms it travels in: outcomes and their order, `CheckDetail`, ResultYAML, JUnit XML, an HTML report, and
/// ResultsDB over HTTP.
///
/// It never runs anything and never decides an exit code. Start with `CheckDetail`.
package enum Results {}
