extension TemplateEvent {
    /// For a progress line: how far (0...1, nil when unknown), and in words.
    package var progress: (fraction: Double?, note: String) {
        switch self {
        case .waiting(let holder): (nil, "waiting for \(holder)")
        case .copying(let done, let total): (Double(done) / Double(max(total, 1)), "copying")
        case .converting(let percent): (percent / 100, "converting to raw")
        case .verifying(let done, let total): (Double(done) / Double(max(total, 1)), "verifying")
        case .building(let line): (nil, line)
        case .warning(let text): (nil, "warning: \(text)")
        }
    }
}
