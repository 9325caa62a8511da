import AtollInstances
import AtollFormula
import AtollModel
import Testing

@testable import AtollTaskRuns

@Suite("Tasks: which VM a run gets") struct MachineChoiceTests {
    private static let defaults = MachineChoice.Defaults(
        kind: DevisedEnvironment.Defaults(distro: "fedora", release: "30", flavor: "cloud", arch: "x86_64"), image: "debian-12",
        forcedURL: nil, egress: .on)

    private func wish(_ environment: String) throws -> EnvironmentWish {
        try Formula.parse("name: t\nactions: [{shell: ls}]\nenvironment: \(environment)\n", file: "t.yml").environment
    }

    private func choice(_ configure: (inout MachineChoice.Flags) -> Void = { _ in }) -> MachineChoice {
        var flags = MachineChoice.Flags()
        configure(&flags)
        return MachineChoice(flags: flags, defaults: Self.defaults)
    }

    @Test("an image named by flag beats the formula's, and without any the default is taken") func named() throws {
        let wish = try wish("{image: tiny}")
        #expect(choice().imageWish(wish, item: nil, type: nil, arch: "noarch").title == "tiny")
        #expect(choice { $0.image = "other" }.imageWish(wish, item: nil, type: nil, arch: "noarch").title == "other")
        let plain = choice().imageWish(EnvironmentWish(), item: nil, type: nil, arch: "noarch")
        #expect(plain.title == "debian-12" && plain.criteria == ImageCriteria())
    }

    @Test("what the item says is a preference, what --match-host or the formula says a demand") func demand() throws {
        let derived = choice().imageWish(EnvironmentWish(), item: "foo-1-1.fc25", type: .kojiBuild, arch: "noarch")
        #expect(derived.criteria == ImageCriteria(distro: "fedora", release: "25", arch: "x86_64") && !derived.isAsked)
        let matched = choice { $0.matchHost = true }.imageWish(EnvironmentWish(), item: "foo-1-1.fc25", type: .kojiBuild, arch: "noarch")
        #expect(matched.isAsked)
        let written = choice().imageWish(try wish("{release: 12, distro: debian}"), item: "foo-1-1.fc25", type: .kojiBuild, arch: "noarch")
        #expect(written.isAsked && written.criteria.distro == "debian" && written.criteria.release == "12")
    }

    @Test("what somebody configured completes a demand, and nothing else; our own defaults do not") func configured() throws {
        func criteria(_ said: Set<EnvironmentWish.Trait>, _ environment: String, item: String? = nil, matchHost: Bool = false) throws
            -> ImageCriteria
        {
            var choice = choice { $0.matchHost = matchHost }
            choice.defaults.kind.said = said
            return choice.imageWish(try wish(environment), item: item, type: .kojiBuild, arch: "noarch").criteria
        }
        #expect(try criteria([.release], "{distro: fedora}") == ImageCriteria(distro: "fedora", release: "30", arch: "x86_64"))
        var told = choice()
        told.defaults.kind.said = [.release]
        let asked = told.imageWish(try wish("{distro: fedora}"), item: nil, type: nil, arch: "noarch")
        #expect(asked.origin == "its release as the configuration has it (default_disposable_release)")
        #expect(try criteria([], "{distro: fedora}") == ImageCriteria(distro: "fedora", arch: "x86_64"))
        let build = "foo-1-1.fc25"
        let matched = ImageCriteria(distro: "fedora", release: "25", flavor: "cloud", arch: "x86_64")
        #expect(try criteria([.release, .flavor], "{}", item: build, matchHost: true) == matched)
        #expect(try criteria([.release, .flavor], "{}", item: build) == ImageCriteria(distro: "fedora", release: "25", arch: "x86_64"))
        #expect(try criteria([.distro, .release, .flavor], "{}") == ImageCriteria())
    }

    @Test("sizes: flags beat the formula, which beats what machines have anyway; what is not granted is said") func sizes() throws {
        let wish = try wish("{hardware: {memory: '>= 2 GB', cpu: {processors: 3}, disk: [{size: 9 GB}, {size: 2 GB}]}, egress: off}")
        let asked = try choice().size(wish)
        #expect(asked.machine == Hardware.Machine(memoryMiB: 2048, cpus: 3, diskBytes: 9 << 30, extraDiskBytes: [2 << 30]))
        #expect(asked.egress == .off && asked.warnings.isEmpty)
        #expect(asked.request(run: "r", image: .template("tiny")).extraDiskBytes == [2 << 30])
        let less = try choice {
            $0.memoryMiB = 512
            $0.egress = .on
        }.size(wish)
        #expect(less.machine.memoryMiB == 512 && less.machine.cpus == 3 && less.egress == .on)
        #expect(less.warnings == ["the VM does not have what the formula wants of hardware.memory"])
        #expect(try choice().size().machine == Self.defaults.size)
    }

    @Test("a formula that insists gets what it wants or nothing") func strict() throws {
        let wish = try wish("{hardware: {memory: '>= 2 GB', strict: true}}")
        #expect(throws: Never.self) { try choice().size(wish) }
        let error = #expect(throws: DisposableError.self) { try choice { $0.memoryMiB = 512 }.size(wish) }
        #expect(error?.code == .hardware && error?.message.contains("hardware.memory") == true)
    }
}
