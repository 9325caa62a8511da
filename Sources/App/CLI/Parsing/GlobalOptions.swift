import ArgumentParser
import AtollSettings

/// The options that every verb takes, made from the declarations of `GlobalSetting`.
///
/// The parser finds a type's options by reflection and decodes them by name; both are driven by the table here.
struct GlobalOptions: ParsableArguments, CustomReflectable {
    /// Setting name to the value on the command line; "true" for a flag.
    private(set) var given: [String: String] = [:]

    init() {}

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        for setting in GlobalSetting.all {
            guard let key = Key(stringValue: setting.key) else { continue }
            if setting.kind == .flag {
                if try container.decode(Flag<Bool>.self, forKey: key).wrappedValue { given[setting.name] = "true" }
            } else {
                given[setting.name] = try container.decode(Option<String?>.self, forKey: key).wrappedValue
            }
        }
    }

    var customMirror: Mirror {
        Mirror(self, children: GlobalSetting.all.map { ("_" + $0.key, Self.wrapper(of: $0)) }, displayStyle: .struct)
    }

    /// The parser's description of one setting.
    private static func wrapper(of setting: GlobalSetting) -> Any {
        let names: [NameSpecification.Element] = setting.short.map { [.customShort($0)] } ?? []
        let specification = NameSpecification(names + [.customLong(setting.name)])
        let value = setting.defaultValue.map { " (default: \($0))" } ?? ""
        let help = ArgumentHelp(
            "\(setting.help)\(value).", valueName: valueName(setting), visibility: setting.isHidden ? .hidden : .default)
        if setting.kind == .flag { return Flag<Bool>(wrappedValue: false, name: specification, help: help) }
        return Option<String?>(name: specification, parsing: .unconditional, help: help, completion: completion(setting))
    }

    private static func valueName(_ setting: GlobalSetting) -> String? {
        switch setting.kind {
        case .integer, .positive: "n"
        case .path: "path"
        default: nil
        }
    }

    private static func completion(_ setting: GlobalSetting) -> CompletionKind? {
        switch setting.kind {
        case .path: .directory
        case .choice(let words): .list(words)
        default: nil
        }
    }

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    subscript(_ setting: GlobalSetting) -> String? { given[setting.name] }

    /// The options as settings, which win over every other source.
    var flags: [Settings.Flag] {
        GlobalSetting.all.compactMap { setting in given[setting.name].map { Settings.Flag(setting.key, $0) } }
    }

    /// The number of runs at once: `-j`, which without the option is 1 whatever the number of steps.
    var runsAtOnce: Int { self[.jobs].flatMap { Int($0) } ?? 1 }

    /// The options that change what a task run does, as they were given. Passwords are in no record.
    var taskWords: [String] {
        GlobalSetting.all.filter(\.isRecorded).compactMap { setting in
            self[setting].flatMap { RunEnvironment.mayHoldSecret($0) ? nil : "--\(setting.name)=\($0)" }
        }
    }

    /// These options, and of `other` the recorded ones that are missing here.
    func completed(by other: GlobalOptions) -> GlobalOptions {
        var all = self
        for setting in GlobalSetting.all where setting.isRecorded && self[setting] == nil { all.given[setting.name] = other[setting] }
        return all
    }
}
