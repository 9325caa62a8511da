import ArgumentParser

/// A whole number from 1 to a thousand million, so that no arithmetic on seconds or counts can overflow.
struct Positive: ExpressibleByArgument, Sendable, Equatable {
    let value: Int

    init?(argument: String) {
        guard let value = Int(argument), (1...1_000_000_000).contains(value) else { return nil }
        self.value = value
    }

    /// A number from the settings.
    init(_ text: String, for key: String) throws {
        guard let number = Positive(argument: text) else { throw UsageError("\(key) must be a whole number from 1 on, not \"\(text)\"") }
        self = number
    }
}
