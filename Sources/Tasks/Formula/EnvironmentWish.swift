package import AtollModel

/// Requirements of a formula on the system it runs on (`environment`).
package struct EnvironmentWish: Sendable, Equatable {
    /// A property that can be derived from an item or requested explicitly.
    package enum Trait: String, Sendable, CaseIterable { case distro, release, flavor, arch }

    /// Package families.
    package enum PackageFamily: String, Sendable, CaseIterable { case rpm, deb }

    /// `environment.packages`: names valid in both families.
    package var packages: [String] = []
    /// `environment.rpm`: package names, paths, `@groups`, `name >= version`.
    package var rpm: [String] = []
    /// `environment.deb`.
    package var deb: [String] = []
    /// Families whose key the formula has, also with an empty list: there the formula needs nothing from the other family's list.
    package var families: Set<PackageFamily> = []
    /// What the formula says of the machine's system; nothing else decides these then.
    package var traits: [Trait: String] = [:]
    /// Name of a template or image; a missing one is an error.
    package var image: String?
    package var hardware = Hardware()
    /// nil for the configured value.
    package var egress: Egress?
    /// `environment.match_host`: properties derived from the item that are required.
    package var matchHost: Set<Trait> = []

    package init() {}

    package var distro: String? { traits[.distro] }
    package var release: String? { traits[.release] }
    package var flavor: String? { traits[.flavor] }
    package var arch: String? { traits[.arch] }

    /// Packages of the other family that nothing in the formula replaces on a system of `family`.
    package func unmappedPackages(for family: PackageFamily) -> [String] {
        let (own, other) = family == .rpm ? (rpm, deb) : (deb, rpm)
        return own.isEmpty && !families.contains(family) ? other : []
    }

    /// What a machine of that family should have installed, in the order written, each once.
    package func packages(for family: PackageFamily) -> [String] {
        var seen: Set<String> = []
        return (packages + (family == .rpm ? rpm : deb)).filter { seen.insert($0).inserted }
    }
}

extension EnvironmentWish {
    static func read(_ field: FormulaField?) -> EnvironmentWish {
        var request = EnvironmentWish()
        guard let field else { return request }
        guard field.value.members != nil else {
            field.refuse(allowed: "a mapping: rpm, deb, packages, distro, release, flavor, arch, image, hardware, egress, match_host")
            return request
        }
        let known = Trait.allCases.map(\.rawValue) + ["rpm", "deb", "packages", "image", "hardware", "egress", "match_host"]
        field.warnUnknownKeys(known, of: "environment", synonyms: ["rpms": "rpm", "debs": "deb", "dist": "distro", "network": "egress"])
        request.packages = field["packages"].map(packageNames) ?? []
        request.rpm = field["rpm"].map(packageNames) ?? []
        request.deb = field["deb"].map(packageNames) ?? []
        request.families = Set(PackageFamily.allCases.filter { field[$0.rawValue] != nil })
        for trait in Trait.allCases { request.traits[trait] = field[trait.rawValue]?.line("one text or number") }
        request.image = field["image"]?.line("the name of a template or image")
        request.hardware = Hardware.read(field["hardware"])
        request.egress = field["egress"].flatMap(egress)
        request.matchHost = field["match_host"].map(matchHost) ?? []
        return request
    }

    /// The names become arguments of a package tool: none may be parsed as an option.
    private static func packageNames(_ field: FormulaField) -> [String] {
        let names = field.lines("names of packages")
        for name in names where name.hasPrefix("-") { field.findings.error(field.path, "found \"\(name)\"; allowed: names of packages") }
        return names
    }

    private static func egress(_ field: FormulaField) -> Egress? {
        if let elements = field.elements {
            return .only(
                elements.compactMap { element in
                    let text = element.line(Egress.Destination.rule)
                    if let destination = text.flatMap(Egress.Destination.init) { return destination }
                    if text != nil { element.refuse(allowed: Egress.Destination.rule) }
                    return nil
                })
        }
        guard let text = field.text(Egress.rule) else { return nil }
        if let egress = Egress(words: text), [.on, .outside, .off].contains(egress) { return egress }
        field.refuse(allowed: Egress.rule)
        return nil
    }

    private static func matchHost(_ field: FormulaField) -> Set<Trait> {
        if case .bool(let flag) = field.value { return flag ? Set(Trait.allCases) : [] }
        let words = Trait.allCases.map(\.rawValue)
        let allowed = "true, false, or a list of \(words.joined(separator: ", "))"
        guard let elements = field.elements else {
            field.refuse(allowed: allowed)
            return []
        }
        return Set(
            elements.compactMap { element in
                if let trait = element.value.text.flatMap(Trait.init(rawValue:)) { return trait }
                element.refuse(allowed: words.joined(separator: ", "))
                return nil
            })
    }
}
