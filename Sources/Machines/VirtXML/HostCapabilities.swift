import AtollXML

/// What libvirt says about the host, as far as a definition depends on it.
package struct HostCapabilities: Sendable, Equatable {
    /// The host's processor.
    package struct CPU: Sendable, Equatable {
        /// nil on hosts whose processor libvirt has no model for.
        package var model: String?
        /// `Intel`, `AMD`, …
        package var vendor: String?
        /// Flags beside those of the model.
        package var features: Set<String>

        package init(model: String?, vendor: String?, features: Set<String>) {
            self.model = model
            self.vendor = vendor
            self.features = features
        }
    }

    /// Full virtualisation of one architecture.
    package struct Guest: Sendable, Equatable {
        package var arch: String
        /// Emulator by domain type (`kvm`, `qemu`).
        package var emulators: [String: String]
        /// Machine types, aliases such as `q35` included.
        package var machines: Set<String>
    }

    /// As libvirt spells it: `x86_64`.
    package var arch: String
    package var cpu: CPU
    package var guests: [Guest]
    /// Number of the user that QEMU runs as; nil where it runs as the caller, as in a session's own libvirt.
    package var qemuUser: UInt32?

    /// From the text of `virConnectGetCapabilities`. - Throws: `XMLError` when the text is no XML.
    package init(xml: String) throws {
        let root = try XML.read(xml)
        let processor = root.first("host", "cpu")
        arch = processor?.first("arch")?.text ?? ""
        cpu = CPU(
            model: processor?.first("model")?.text, vendor: processor?.first("vendor")?.text,
            features: Set((processor?.all("feature") ?? []).compactMap { $0["name"] }))
        let access = root.first("host")?.all("secmodel").first { $0.first("model")?.text == "dac" }
        // `+64055:+107`: user and group, as numbers.
        let label = access?.all("baselabel").compactMap { $0.text.split(separator: ":").first }.first
        qemuUser = label.flatMap { UInt32($0.drop { $0 == "+" }) }
        guests = root.all("guest").filter { $0.first("os_type")?.text == "hvm" }.compactMap { guest in
            guard let arch = guest.first("arch"), let name = arch["name"] else { return nil }
            let common = arch.first("emulator")?.text
            var emulators: [String: String] = [:]
            var machines = Set(arch.all("machine").map(\.text))
            for domain in arch.all("domain") {
                guard let type = domain["type"] else { continue }
                emulators[type] = domain.first("emulator")?.text ?? common
                machines.formUnion(domain.all("machine").map(\.text))
            }
            return Guest(arch: name, emulators: emulators, machines: machines)
        }
    }

    /// The program that runs such a domain, or nil when this host has none.
    package func emulator(arch: String, virtualizationType: VirtualizationType) -> String? {
        guests.first { $0.arch == arch }?.emulators[virtualizationType.rawValue]
    }
}
