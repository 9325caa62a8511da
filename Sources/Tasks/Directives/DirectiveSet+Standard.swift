extension DirectiveSet {
    /// The directives that come with the product, and the programs `atoll-directive-NAME`.
    /// - Parameter environment: this process's, for those programs: where they are looked for, and what they find.
    package static func standard(reporting: ReportingOptions = ReportingOptions(), environment: [String: String] = [:]) -> DirectiveSet {
        DirectiveSet(
            [
                PythonDirective(), ShellDirective(), ShellDirective(name: "bash"), DummyDirective(), CreateRepoDirective(),
                MashDirective(), XUnitDirective(), CreateReportDirective(), ResultsDBDirective(options: reporting), ExitCodeDirective(),
            ],
            external: { ExternalDirective.find($0, environment: environment) })
    }
}
