/// The system a task should run on, each value with its origin.
package struct DevisedEnvironment: Sendable, Equatable, CustomStringConvertible {
    package typealias Trait = EnvironmentWish.Trait

    /// Where a value came from.
    package enum Source: String, Sendable { case item, formula, configuration, `default` }

    /// A value and its origin.
    package struct Choice: Sendable, Equatable {
        package var value: String
        package var source: Source

        package init(_ value: String, from source: Source) {
            self.value = value
            self.source = source
        }
    }

    /// The configured `default_disposable_*` values.
    package struct Defaults: Sendable, Equatable {
        package var distro: String
        package var release: String
        package var flavor: String
        package var arch: String
        /// Values set in the configuration; the others are built-in defaults.
        package var said: Set<Trait> = []

        package init(distro: String, release: String, flavor: String, arch: String) {
            self.distro = distro
            self.release = release
            self.flavor = flavor
            self.arch = arch
        }
    }

    /// How strictly an image of this kind is required.
    package enum Demand: Sendable, Equatable {
        /// Requested explicitly: a missing image ends the run (ABORTED).
        case required
        /// Derived from the item: if missing, the default image is used, with a warning.
        case preferred
        /// Nothing requests a particular image: the default image is used.
        case none
    }

    package var distro: Choice
    package var release: Choice
    package var flavor: Choice
    package var arch: Choice

    package subscript(trait: Trait) -> Choice {
        switch trait {
        case .distro: distro
        case .release: release
        case .flavor: flavor
        case .arch: arch
        }
    }

    /// Precedence: formula, item, default. `arch` is the `--arch` argument. `updateBuilds` are the builds of a Bodhi update, if they
    /// were queried; without them, an update determines nothing.
    package static func devise(
        _ request: EnvironmentWish, item: String?, type: ItemType?, arch: String, defaults: Defaults, updateBuilds: [String] = []
    ) -> DevisedEnvironment {
        let derived = derive(item: item, type: type, updateBuilds: updateBuilds)
        func choice(_ trait: Trait, _ item: String?, _ fallback: String) -> Choice {
            if let value = request.traits[trait] { return Choice(value, from: .formula) }
            return item.map { Choice($0, from: .item) } ?? Choice(fallback, from: defaults.said.contains(trait) ? .configuration : .default)
        }
        return DevisedEnvironment(
            distro: choice(.distro, derived?.distro, defaults.distro), release: choice(.release, derived?.release, defaults.release),
            flavor: choice(.flavor, nil, defaults.flavor), arch: choice(.arch, arch == "noarch" ? nil : arch, defaults.arch))
    }

    /// How strictly an image is required, by the formula's `environment` and `--match-host` (`matchHost`).
    package func demand(_ request: EnvironmentWish, matchHost: Bool = false) -> Demand {
        if Trait.allCases.contains(where: { self[$0].source == .formula }) { return .required }
        let asked = matchHost ? Set(Trait.allCases) : request.matchHost
        if asked.contains(where: { self[$0].source == .item }) { return .required }
        return distro.source == .item || release.source == .item ? .preferred : .none
    }

    /// `fedora 25 taskotron_cloud x86_64`.
    package var description: String { Trait.allCases.map { self[$0].value }.joined(separator: " ") }

    /// Dist tag of a build's release, `fc20` for `foo-1.2-3.fc22hash.fc20.1`: the last `.fc` followed by digits, or nil.
    package static func distTag(of nvr: String) -> String? {
        let release = Array((nvr.lastIndex(of: "-").map { nvr[nvr.index(after: $0)...] } ?? nvr[...]).utf8)
        var found: String?
        for index in release.indices where release[index...].starts(with: ".fc".utf8) {
            let digits = release[(index + 3)...].prefix(while: isDigit)
            if !digits.isEmpty { found = "fc" + String(decoding: digits, as: UTF8.self) }
        }
        return found
    }

    private static func derive(item: String?, type: ItemType?, updateBuilds: [String]) -> (distro: String, release: String)? {
        guard let item else { return nil }
        switch type {
        case .kojiBuild: return distTag(of: item).map { ("fedora", String($0.dropFirst(2))) }
        case .bodhiUpdate:
            return updateBuilds.lazy.compactMap { derive(item: $0, type: .kojiBuild, updateBuilds: []) }.first
        case .kojiTag:
            guard item.hasPrefix("f") else { return nil }
            let digits = item.utf8.dropFirst().prefix(while: isDigit)
            guard digits.count > 1, item.utf8.dropFirst(1 + digits.count).first == UInt8(ascii: "-") else { return nil }
            return ("fedora", String(decoding: Array(digits), as: UTF8.self))
        default: return nil
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
