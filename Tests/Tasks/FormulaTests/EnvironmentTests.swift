import AtollModel
import Testing

@testable import AtollFormula

@Suite("Formula: environment") struct DevisedEnvironmentTests {
    private let defaults = DevisedEnvironment.Defaults(distro: "debian", release: "12", flavor: "plain", arch: "x86_64")

    private func devise(
        _ item: String? = nil, _ type: ItemType? = nil, arch: String = "noarch", formula: String = "{}", builds: [String] = []
    ) throws -> (DevisedEnvironment, EnvironmentWish) {
        let wish = try Formula.parse("name: t\nactions: [{shell: ls}]\nenvironment: \(formula)\n", file: "t.yml").environment
        return (DevisedEnvironment.devise(wish, item: item, type: type, arch: arch, defaults: defaults, updateBuilds: builds), wish)
    }

    @Test("check 29: a build's dist tag and --arch make fedora 20 with the default flavor")
    func check29() throws {
        let (devised, wish) = try devise("htop-2.0.2-4.fc20", .kojiBuild, arch: "i686")
        #expect(devised.description == "fedora 20 plain i686")
        #expect(devised.distro.source == .item && devised.flavor.source == .default)
        #expect(devised.demand(wish) == .preferred)
        #expect(devised.demand(wish, matchHost: true) == .required)
    }

    @Test("check 30: a tag such as f20-updates-pending makes fedora 20, and a bare f20 nothing")
    func check30() throws {
        #expect(try devise("f20-updates-pending", .kojiTag).0.description == "fedora 20 plain x86_64")
        for item in ["f20", "epel7-testing", "f2x-updates", "f-20", "f2-updates"] {
            let (devised, wish) = try devise(item, .kojiTag)
            #expect(devised.description == "debian 12 plain x86_64")
            #expect(devised.demand(wish, matchHost: true) == .none)
        }
    }

    @Test("check 31: a release of el7, or without a dist tag, leaves the default distro and release")
    func check31() throws {
        for item in ["foo-1-1", "foo-1.2-3.el7", "foo-1.fc9-3"] {
            #expect(try devise(item, .kojiBuild).0.description == "debian 12 plain x86_64")
        }
    }

    @Test("check 32: noarch leaves the default arch")
    func check32() throws {
        #expect(try devise(arch: "noarch").0.arch == DevisedEnvironment.Choice("x86_64", from: .default))
        #expect(try devise(arch: "aarch64").0.arch == DevisedEnvironment.Choice("aarch64", from: .item))
    }

    @Test("check 33: the formula's environment beats the item")
    func check33() throws {
        let (devised, wish) = try devise(
            "htop-2.0.2-4.fc20", .kojiBuild, arch: "i386", formula: "{distro: centos, release: stream9, flavor: big, arch: s390x}")
        #expect(devised.description == "centos stream9 big s390x")
        #expect(devised.release.source == .formula)
        #expect(devised.demand(wish) == .required)
    }

    @Test("what the configuration says of its own accord is told from our defaults, and the formula beats it")
    func configured() throws {
        var defaults = defaults
        defaults.said = [.release, .flavor]
        let wish = try Formula.parse("name: t\nactions: [{shell: ls}]\nenvironment: {flavor: big}\n", file: "t.yml").environment
        let devised = DevisedEnvironment.devise(wish, item: nil, type: nil, arch: "noarch", defaults: defaults)
        #expect(devised.release == DevisedEnvironment.Choice("12", from: .configuration))
        #expect(devised.distro.source == .default && devised.flavor == DevisedEnvironment.Choice("big", from: .formula))
    }

    @Test("check 34: release 25 is the text 25, and a list is an error")
    func check34() throws {
        #expect(try devise(formula: "{release: 25}").0.release == DevisedEnvironment.Choice("25", from: .formula))
        #expect(
            errors("name: t\nactions: [{shell: ls}]\nenvironment: {release: [25]}\n") == [
                "t.yml:3:15: environment.release: found a list; allowed: one text or number"
            ])
    }

    @Test func releasesOfThreeDigitsAreNotTruncated() throws {
        #expect(try devise("foo-1-1.fc100", .kojiBuild).0.release.value == "100")
        #expect(try devise("f100-updates", .kojiTag).0.release.value == "100")
        #expect(DevisedEnvironment.distTag(of: "foo-1.2-3.fc22hashgit.fc20.1") == "fc20")
        #expect(DevisedEnvironment.distTag(of: "foo-1.2-3.fcx") == nil)
    }

    @Test func anUpdateUsesTheReleaseOfItsBuilds() throws {
        #expect(try devise("FEDORA-2017-04459ef8cf", .bodhiUpdate).0.distro.source == .default)
        #expect(try devise("FEDORA-2017-04459ef8cf", .bodhiUpdate, builds: ["a-1-1", "b-1-1.fc25"]).0.release.value == "25")
    }

    @Test func aFormulaCanRequireMatchingTheItem() throws {
        let (devised, wish) = try devise("htop-2.0.2-4.fc20", .kojiBuild, formula: "{match_host: [release]}")
        #expect(devised.demand(wish) == .required)
        let (other, arch) = try devise("htop-2.0.2-4.fc20", .kojiBuild, formula: "{match_host: [arch]}")
        #expect(other.demand(arch) == .preferred)
    }
}

@Suite("Formula: hardware") struct HardwareTests {
    private let least = Hardware.Machine(memoryMiB: 1024, cpus: 1)

    private func formula(_ hardware: String) throws -> Formula {
        try Formula.parse("name: t\nactions: [{shell: ls}]\nenvironment: {hardware: \(hardware)}\n", file: "t.yml")
    }

    private func machine(_ hardware: String) throws -> Hardware.Machine { try formula(hardware).environment.hardware.resolve(least) }

    @Test func everyRequirementOfTheSpecIsMet() throws {
        let wish = "{memory: '>= 2 GB', cpu: {processors: '>= 2'}, disk: [{size: '>= 20 GB'}], tpm: {version: '2.0'}, boot: {method: uefi}}"
        let formula = try formula(wish)
        #expect(
            formula.environment.hardware.resolve(least)
                == Hardware.Machine(memoryMiB: 2048, cpus: 2, diskBytes: 20 << 30, tpm: true, uefi: true))
        #expect(formula.warnings.isEmpty)
    }

    @Test(arguments: [
        ("2048 MB", 2048), ("1536", 1536), (">= 512 MB", 1024), ("> 1 GB", 1025), ("< 1 GB", 1023), ("<= 4 GiB", 1024), ("!= 1 GB", 1025),
        ("= 3GB", 3072), (">= 2 GB, != 2048, < 3 GB", 2049), ("100 kB", 1),
    ])
    func memoryComesClosestToWhatAMachineHasAnyway(wish: String, expected: Int) throws {
        #expect(try machine("{memory: '\(wish)'}").memoryMiB == expected)
    }

    @Test func processorAndDiskRequirementsAreMet() throws {
        #expect(try machine("{cpu: {processors: 4}}").cpus == 4)
        #expect(try machine("{cpu: {processors: '> 1, != 2'}}").cpus == 3)
        let wish = try formula("{disk: [{size: '>= 1 GB'}, {size: '= 5 GB'}, {}]}").environment.hardware
        let large = wish.resolve(Hardware.Machine(memoryMiB: 1, cpus: 1, diskBytes: 10 << 30))
        #expect(large.diskBytes == 10 << 30)
        #expect(wish.shortfalls(of: large).isEmpty)
        #expect(wish.shortfalls(of: least).contains("disk[1].size"))
        #expect(large.extraDiskBytes == [5 << 30, 1 << 30])
        #expect(try machine("{disk: [{size: '<= 3 GB'}]}").diskBytes == nil)
        let small = try formula("{disk: [{size: '<= 3 GB'}], tpm: {version: 2}, boot: {method: bios}, memory: 1}").environment.hardware
        let given = Hardware.Machine(memoryMiB: 512, cpus: 1, diskBytes: 10 << 30, uefi: true)
        #expect(small.resolve(given).diskBytes == 10 << 30)
        #expect(small.shortfalls(of: given) == ["memory", "disk[0].size", "tpm.version", "boot.method"])
        #expect(try machine("{boot: {method: '!= uefi'}}").uefi == false)
    }

    @Test func unsupportedRequirementsAreWarnings() throws {
        let formula = try formula("{gpu: {count: 1}, cpu: {model: 62}, tpm: {version: '1.2'}, memory: 2 GB, strict: true}")
        #expect(
            formula.warnings.map(\.path.description) == [
                "environment.hardware.gpu", "environment.hardware.cpu.model", "environment.hardware.tpm.version",
            ])
        #expect(formula.environment.hardware.unsupported == formula.warnings)
        #expect(formula.environment.hardware.isStrict)
    }

    @Test(arguments: [
        "[]", "{memory: lots}", "{memory: '>= '}", "{memory: -1}", "{memory: '> 2 GB, < 1 GB'}", "{memory: '< 1 MB'}", "{cpu: 2}",
        "{cpu: {processors: two}}", "{cpu: {processors: 0}}", "{disk: {size: 1 GB}}", "{disk: [{size: 20}]}", "{tpm: {version: 3}}",
        "{boot: {method: coreboot}}", "{boot: {method: '> bios'}}", "{strict: very}", "{cpu: {processors: 99999999999999999999}}",
    ])
    func nonsenseIsAnErrorWithItsPlace(hardware: String) throws {
        let error = #expect(throws: InvalidInput.self) { try formula(hardware) }
        #expect(error?.diagnostics.count == 1)
        #expect(error?.diagnostics.first?.path.description.hasPrefix("environment.hardware") == true)
    }
}
