/// Results as one HTML page that needs nothing else: a table of task, item, outcome, artifact and note. Everything is escaped.
package enum HTMLReport {
    package struct Options: Sendable, Equatable {
        package var title = "Results"
        /// The run's artifacts directory; artifacts with absolute paths are linked when they are in it.
        package var artifactsDirectory: String?
        /// Where the page will be, relative to that directory: links are relative to it.
        package var path = "report.html"
        /// Where the artifacts directory is from where the page will be, when the page is not in it.
        package var base: String?
        /// A page of one's own, with the placeholders `{{ results }}` (the table; needed), `{{ title }}` and `{{ summary }}`.
        package var template: String?
        /// Where builds and updates are shown to people.
        package var kojiWeb = "https://koji.fedoraproject.org/koji"
        package var bodhiWeb = "https://bodhi.fedoraproject.org"

        package init(title: String = "Results", artifactsDirectory: String? = nil, path: String = "report.html", template: String? = nil) {
            self.title = title
            self.artifactsDirectory = artifactsDirectory
            self.path = path
            self.template = template
        }
    }

    /// The page as text.
    /// - Throws: `ResultsError` `.directive` for a template without `{{ results }}`.
    package static func render(_ details: [CheckDetail], options: Options = Options()) throws(ResultsError) -> String {
        try render(options.template ?? page, table(details, options), title: options.title, summary: summary(details))
    }

    /// Several runs on one page: a heading (the title of its options), a summary and a table for each.
    package static func render(runs: [(details: [CheckDetail], options: Options)], title: String) throws(ResultsError) -> String {
        let parts = runs.map { run in
            "<h2>\(WebText.html(run.options.title))</h2>\n<p>\(summary(run.details))</p>\n" + table(run.details, run.options)
        }
        return try render(page, parts.joined(separator: "\n"), title: title, summary: summary(runs.flatMap(\.details)))
    }

    private static func summary(_ details: [CheckDetail]) -> String { details.isEmpty ? "no results" : OutcomeSummary.text(details) }

    private static func render(_ template: String, _ table: String, title: String, summary: String) throws(ResultsError) -> String {
        guard let place = placeholder("results", in: template) else {
            throw ResultsError(.directive, "the template has no {{ results }}, the place for the table")
        }
        let head = fill(String(template[..<place.lowerBound]), title: title, summary: summary)
        return head + table + fill(String(template[place.upperBound...]), title: title, summary: summary)
    }

    /// Reads `text` as ResultYAML first: the create_report directive's whole work but the writing.
    /// - Throws: `ResultsError` `.directive` for text that is no ResultYAML.
    package static func render(yaml text: String, options: Options = Options()) throws(ResultsError) -> String {
        let details: [CheckDetail]
        do throws(ResultsError) { details = try ResultYAML.parse(text) } catch {
            throw ResultsError(.directive, "create_report cannot read the results: \(error.message)")
        }
        return try render(details, options: options)
    }

    private static func placeholder(_ name: String, in text: String) -> Range<String.Index>? {
        var rest = text[...]
        while let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}") {
            if rest[open.upperBound..<close.lowerBound].split(whereSeparator: \.isWhitespace) == [name[...]] {
                return open.lowerBound..<close.upperBound
            }
            rest = rest[open.upperBound...]
        }
        return nil
    }

    private static func fill(_ part: String, title: String, summary: String) -> String {
        var result = ""
        var rest = part[...]
        let values = ["title": WebText.html(title), "summary": WebText.html(summary)]
        while let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}") {
            let name = rest[open.upperBound..<close.lowerBound].split(whereSeparator: \.isWhitespace).joined(separator: " ")
            result += rest[..<open.lowerBound]
            result += values[name] ?? String(rest[open.lowerBound..<close.upperBound])
            rest = rest[close.upperBound...]
        }
        return result + rest
    }

    private static func table(_ details: [CheckDetail], _ options: Options) -> String {
        var text = "<table>\n<thead><tr><th>Task</th><th>Item</th><th>Outcome</th><th>Artifact</th><th>Note</th></tr></thead>\n<tbody>\n"
        for detail in details {
            let colour = detail.outcome == .passed ? "passed" : detail.outcome == .failed ? "failed" : "other"
            let cells = [
                WebText.html(detail.checkname ?? "---"), item(detail, options), WebText.html(detail.outcome.rawValue),
                artifact(detail, options),
                WebText.html(detail.note.isEmpty ? "---" : detail.note),
            ]
            text += "<tr class=\"\(colour)\">" + cells.map { "<td>\($0)</td>" }.joined() + "</tr>\n"
        }
        return text + "</tbody>\n</table>"
    }

    private static func item(_ detail: CheckDetail, _ options: Options) -> String {
        switch detail.type {
        case "koji_build":
            let query = "search?match=glob&type=build&terms=" + WebText.component(detail.item)
            return link(options.kojiWeb.droppingLastSlash + "/" + query, detail.item)
        case "bodhi_update": return link(options.bodhiWeb.droppingLastSlash + "/updates/" + WebText.component(detail.item), detail.item)
        default: return WebText.html(detail.item)
        }
    }

    /// Only what is inside of the artifacts directory is linked, always as a relative path: a name like `javascript:x` stays a name.
    private static func artifact(_ detail: CheckDetail, _ options: Options) -> String {
        guard let artifact = detail.artifact, !artifact.isEmpty else { return "---" }
        guard let relative = ArtifactPath.relative(artifact, to: options.artifactsDirectory) else { return WebText.html(artifact) }
        let levels = options.path.split(separator: "/").filter { $0 != "." }.count - 1
        let up =
            options.base.map { WebText.path($0.droppingLastSlash) + "/" } ?? (levels > 0 ? String(repeating: "../", count: levels) : "./")
        return link(up + WebText.path(relative), artifact)
    }

    private static func link(_ url: String, _ text: String) -> String { "<a href=\"\(WebText.html(url))\">\(WebText.html(text))</a>" }

    private static let page = """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{{ title }}</title>
        <style>
        body { font-family: sans-serif; margin: 2em; color: #222; }
        table { border-collapse: collapse; width: 100%; }
        th, td { text-align: left; vertical-align: top; padding: .4em .7em; border: 1px solid #bbb; overflow-wrap: anywhere; }
        thead th { background: #eee; }
        tr.passed td { background: #d7f4d0; }
        tr.failed td { background: #f9d3d0; }
        tr.other td { background: #fcf3c4; }
        </style>
        </head>
        <body>
        <h1>{{ title }}</h1>
        <p>{{ summary }}</p>
        {{ results }}
        </body>
        </html>

        """
}
