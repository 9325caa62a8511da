/// The system a task should run on, each part with the reason for it.
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

    /// The configured `default_disposable_*`.
    package struct Defaults: Sendable, Equatable {
        package var distro: String
        package var release: String
        package var flavor: String
        package var arch: String
        /// Those that somebody set; the others are what we came up with.
        package var said: Set<Trait> = []

        package init(distro: String, release: String, flavor: String, arch: String) {
            self.distro = distro
            self.release = release
            self.flavor = flavor
            self.arch = arch
        }
    }

    /// How much an image of this kind is wanted.
    package enum Demand: Sendable, Equatable {
        /// Somebody asked for it: its absence ends the run (ABORTED).
        case required
        /// It follows from the item: taken where it exists, else the default image, with a warning.
        case preferred
        /// Nothing asks for a particular one: the default image.
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

    /// Formula before item before default. `arch` is the `--arch` argument. `updateBuilds` are builds of a Bodhi update, where somebody
    /// looked them up; without them an update says nothing.
    package static func devise(
        _ wish: EnvironmentWish, item: String?, type: ItemType?, arch: String, defaults: Defaults, updateBuilds: [String] = []
    ) -> DevisedEnvironment {
        let derived = derive(item: item, type: type, updateBuilds: updateBuilds)
        func choice(_ trait: Trait, _ item: String?, _ fallback: String) -> Choice {
            if let value = wish.traits[trait] { return Choice(value, from: .formula) }
            return item.map { Choice($0, from: .item) } ?? Choice(fallback, from: defaults.said.contains(trait) ? .configuration : .default)
        }
        return DevisedEnvironment(
            distro: choice(.distro, derived?.distro, defaults.distro), release: choice(.release, derived?.release, defaults.release),
            flavor: choice(.flavor, nil, defaults.flavor), arch: choice(.arch, arch == "noarch" ? nil : arch, defaults.arch))
    }

    /// What the formula's `environment` or `--match-host` (`matchHost`) make of it.
    package func demand(_ wish: EnvironmentWish, matchHost: Bool = false) -> Demand {
        if Trait.allCases.contains(where: { self[$0].source == .formula }) { return .required }
        let asked = matchHost ? Set(Trait.allCases) : wish.matchHost
        if asked.contains(where: { self[$0].source == .item }) { return .required }
        return distro.source == .item || release.source == .item ? .preferred : .none
    }

    /// `fedora 25 taskotron_cloud x86_64`.
    package var description: String { Trait.allCases.map { self[$0].value }.joined(separator: " ") }

    /// The dist tag of a build's release, `fc20` of `foo-1.2-3.fc22hash.fc20.1`: the last `.fc` with digits after it, nil without one.
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
