package import AtollHostPorts
package import AtollModel
import OrderedCollections

/// Whether this host has the hardware that an init file names. Only libvirt knows: a real init refuses what a dry run warns of.
package struct HardwareCheck: Sendable {
    private let hypervisor: any Hypervisor

    package init(_ hypervisor: any Hypervisor) { self.hypervisor = hypervisor }

    /// One finding per name that libvirt does not have; none where it does not answer. It is asked only when something is named.
    package func findings(_ spec: EnvironmentSpec, as severity: Diagnostic.Severity) async -> [Diagnostic] {
        let asking = spec.domains.values.filter { $0.vmProvider != "ssh" && ($0.architecture ?? $0.machine ?? $0.cpuModel) != nil }
        guard !asking.isEmpty, let offer = try? await hypervisor.hardware() else { return [] }
        return asking.flatMap { domain in
            problems(domain, offer).map { key, text in
                Diagnostic(severity, at: .keys("domains", domain.name, key), in: spec.sources, text)
            }
        }
    }

    private func problems(_ domain: DomainSpec, _ offer: HardwareOffer) -> [(key: String, text: String)] {
        var found: [(String, String)] = []
        let arch = domain.architecture
        if let arch, offer.machines[arch] == nil {
            found.append(
                ("arch", "no QEMU for \(arch) guests is installed on this host, only for \(list(offer.machines.keys)); see: atoll doctor"))
        } else if let machine = domain.machine {
            // Without `arch` the template may still say which it is.
            let known = arch.map { offer.machines[$0] ?? [] } ?? offer.machines.values.reduce(into: []) { $0.formUnion($1) }
            // Versions (pc-q35-7.2) would make it a long list.
            let usual = known.filter { !$0.contains(where: \.isNumber) || $0 == "q35" }
            if !known.contains(machine) {
                found.append(
                    ("machine", "libvirt has no machine type \"\(machine)\" on this host; it has \(list(usual))\(hint(machine, known))"))
            }
        }
        if let model = domain.cpuModel, let models = offer.cpuModels, !models.contains(model) {
            found.append(
                (
                    "cpu_model",
                    "libvirt has no CPU model \"\(model)\"\(hint(model, models)); list them with: virsh cpu-models \(arch ?? "x86_64")"
                ))
        }
        return found
    }

    private func list(_ names: some Sequence<String>) -> String { names.sorted().joined(separator: ", ") }

    private func hint(_ word: String, _ names: Set<String>) -> String {
        Spelling.suggestion(for: word, among: names.sorted()).map { "; did you mean \($0)?" } ?? ""
    }
}
