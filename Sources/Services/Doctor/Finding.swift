/// One thing the doctor looked at.
package struct Finding: Sendable, Equatable, Codable {
    /// How bad it is, mildest first.
    package enum Severity: String, Sendable, Codable, Comparable, CaseIterable {
        case ok
        /// Something will work worse, or not for everybody.
        case warning
        /// Environments will not come up until this is mended.
        case failure

        package static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
        private var rank: Int { Severity.allCases.firstIndex(of: self) ?? 0 }
    }
    /// Stable, for scripts: `libvirt-socket`.
    package var id: String
    package var severity: Severity
    /// A few words: "libvirt's socket".
    package var title: String
    /// What was found, in a sentence.
    package var detail: String
    /// Commands to type, in order; empty when nothing has to be mended.
    package var remedy: [String]

    package init(_ id: String, _ severity: Severity, _ title: String, _ detail: String, remedy: [String] = []) {
        self.id = id
        self.severity = severity
        self.title = title
        self.detail = detail
        self.remedy = remedy
    }
}
