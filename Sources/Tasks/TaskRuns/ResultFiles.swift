import AtollDirectives
import AtollPlatform
import AtollResults
import Foundation

/// Writes a run's results in every form others read.
enum ResultFiles {
    static func write(_ details: [CheckDetail], to files: RunFiles, record: RunRecord) throws {
        try AtomicFile.write(try ResultYAML.text(details), to: files.results, mode: 0o644)
        try AtomicFile.write(ResultJSON.text(details), to: files.resultsJSON, mode: 0o644)
        let seconds = record.stages.reduce(0) { $0 + $1.seconds }
        let options = JUnitReport.Options(
            name: record.title, check: record.check, artifactsURL: record.links?.artifacts, timestamp: record.started.formatted(.iso8601),
            seconds: seconds)
        try AtomicFile.write(try JUnitReport.write(details, options: options), to: files.junit, mode: 0o644)
        let report = HTMLReport.Options(title: record.title, artifactsDirectory: files.path, path: "taskotron/report.html")
        try AtomicFile.write(try HTMLReport.render(details, options: report), to: files.report, mode: 0o644)
    }
}
