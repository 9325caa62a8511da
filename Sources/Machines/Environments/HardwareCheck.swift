package import AtollHostPorts
package import AtollModel
import AtollVirtXML
import OrderedCollections

/// Checks that the host has the hardware that an init file names. Init refuses what a dry run warns about.
package struct HardwareCheck: Sendable {
    private let hardware: any HostHardware

    package init(_ hardware: any HostHardware) { self.hardware = hardware }

    /// One finding for each name that libvirt does not know; none if libvirt does not answer.
    package func findings(_ spec: EnvironmentSpec, as severity: Diagnostic.Severity) async -> [Diagnostic] {
        let asking = spec.domains.values.filter { $0.vmProvider != "ssh" && ($0.architecture ?? $0.machine ?? $0.cpuModel) != nil }
        guard !asking.isEmpty, let machines = try? await hardware.capabilities().machines else { return [] }
        var models: Set<String>?
        if asking.contains(where: { $0.cpuModel != nil }) { models = (try? await hardware.cpuModels()).map { Set($0.vendors.keys) } }
        return asking.flatMap { [models] domain in
            problems(domain, machines, models).map { key, text in
                Diagnostic(severity, at: .keys("domains", domain.name, key), in: spec.sources, text)
            }
        }
    }

    private func problems(_ domain: DomainSpec, _ machines: [String: Set<String>], _ models: Set<String>?) -> [(key: String, text: String)]
    {
        var found: [(String, String)] = []
        let arch = domain.architecture
        if let arch, machines[arch] == nil {
            found.append(
                ("arch", "no QEMU for \(arch) guests is installed on this host, only for \(list(machines.keys)); see: atoll doctor"))
        } else if let machine = domain.machine {
            // Without `arch` the template may still say which it is.
            let known = arch.map { machines[$0] ?? [] } ?? machines.values.reduce(into: []) { $0.formUnion($1) }
            // Versions (pc-q35-7.2) would make it a long list.
            let usual = known.filter { !$0.contains(where: \.isNumber) || $0 == "q35" }
            if !known.contains(machine) {
                found.append(
                    ("machine", "libvirt has no machine type \"\(machine)\" on this host; it has \(list(usual))\(hint(machine, known))"))
            }
        }
        if let model = domain.cpuModel, let models, !models.contains(model) {
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
