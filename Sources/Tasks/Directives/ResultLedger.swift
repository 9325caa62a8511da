import AtollResults

/// Results of one run, in the order in which they were logged. No result replaces another only because both have the same item, type and
/// check name.
///
/// Provisional results come from actions and from `taskotron/results.yml`; reported ones were given to `resultsdb`.
struct ResultLedger {
    private struct Entry {
        var detail: CheckDetail
        var isReported: Bool
    }

    /// Fields that two copies of one result share. Keyvals are compared apart: they are not hashable.
    private struct Copy: Hashable {
        var fields: [String?]

        init(_ detail: CheckDetail) {
            fields = [
                detail.item, detail.type, detail.checkname, detail.outcome.rawValue, detail.note, detail.artifact.map { "/" + $0 },
            ]
        }
    }

    private struct Subject: Hashable {
        var item: String
        var checkname: String?
    }

    private var entries: [Entry] = []

    var details: [CheckDetail] { entries.map(\.detail) }

    /// Adds provisional results. A copy of a result that an earlier call added, equal in every exported field but `_internal`, is the
    /// same result logged twice and is not added. Within one call every result is added.
    mutating func add(_ details: [CheckDetail]) {
        var copies = held { _ in true }
        entries += details.filter { copies.take(of: $0, in: entries) == nil }.map { Entry(detail: $0, isReported: false) }
    }

    /// Adds results that were given to ResultsDB. They replace the provisional results with the same item and check name, unless both name
    /// an artifact and the artifacts differ. All other results stay. A copy of a result reported earlier replaces that one.
    mutating func report(_ details: [CheckDetail]) {
        var copies = held(where: \.isReported)
        var added: [Entry] = []
        for detail in details {
            if let place = copies.take(of: detail, in: entries) {
                entries[place].detail = detail
            } else {
                added.append(Entry(detail: detail, isReported: true))
            }
        }
        let subjects = Dictionary(grouping: details) { Subject(item: $0.item, checkname: $0.checkname) }.mapValues {
            Set($0.map(\.artifact))
        }
        func isRestated(_ entry: Entry) -> Bool {
            guard !entry.isReported, let artifacts = subjects[Subject(item: entry.detail.item, checkname: entry.detail.checkname)] else {
                return false
            }
            return entry.detail.artifact == nil || artifacts.contains(nil) || artifacts.contains(entry.detail.artifact)
        }
        let place = entries.firstIndex(where: isRestated) ?? entries.count
        entries.removeAll(where: isRestated)
        entries.insert(contentsOf: added, at: place)
    }

    /// Entries that have not been matched with a copy yet.
    private struct Unmatched {
        var places: [Copy: [Int]] = [:]

        /// Place of the first entry that the detail is a copy of, which matches no other detail afterwards.
        mutating func take(of detail: CheckDetail, in entries: [Entry]) -> Int? {
            let copy = Copy(detail)
            guard let candidates = places[copy], let index = candidates.firstIndex(where: { entries[$0].detail.keyvals == detail.keyvals })
            else { return nil }
            return places[copy]?.remove(at: index)
        }
    }

    private func held(where isIncluded: (Entry) -> Bool) -> Unmatched {
        var unmatched = Unmatched()
        for (place, entry) in entries.enumerated() where isIncluded(entry) {
            unmatched.places[Copy(entry.detail), default: []].append(place)
        }
        return unmatched
    }
}
