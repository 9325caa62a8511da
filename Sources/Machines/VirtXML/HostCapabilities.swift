import AtollXML

/// Virtualization capabilities of a host: processor, architectures, emulators, machine types, accelerators.
package struct HostCapabilities: Sendable, Equatable {
    /// Processor of the host.
    package struct CPU: Sendable, Equatable {
        /// nil if libvirt has no model for the processor.
        package var model: String?
        /// `Intel`, `AMD`, …
        package var vendor: String?
        /// Flags that the model does not include.
        package var features: Set<String>

        package init(model: String?, vendor: String?, features: Set<String>) {
            self.model = model
            self.vendor = vendor
            self.features = features
        }
    }

    /// Full virtualization of one architecture.
    package struct Guest: Sendable, Equatable {
        package var arch: String
        /// Path of the emulator by domain type (`kvm`, `qemu`).
        package var emulators: [String: String]
        /// Machine types, including aliases such as `q35`.
        package var machines: Set<String>

        package init(arch: String, emulators: [String: String], machines: Set<String>) {
            self.arch = arch
            self.emulators = emulators
            self.machines = machines
        }
    }

    /// Architecture of the host, in libvirt's spelling: `x86_64`.
    package var arch: String
    package var cpu: CPU
    package var guests: [Guest]
    /// User ID that QEMU runs as; nil if QEMU runs as the caller, as in a session libvirt.
    package var qemuUser: UInt32?
    /// Whether `/dev/vhost-net` exists. libvirt does not report it, so the adapter sets it.
    package var hasVhostNet = false

    package init(arch: String, cpu: CPU, guests: [Guest], qemuUser: UInt32? = nil, hasVhostNet: Bool = false) {
        self.arch = arch
        self.cpu = cpu
        self.guests = guests
        self.qemuUser = qemuUser
        self.hasVhostNet = hasVhostNet
    }

    /// From the text of `virConnectGetCapabilities`. - Throws: `XMLError` if the text is not XML.
    package init(xml: String) throws {
        let root = try XML.read(xml)
        let processor = root.first("host", "cpu")
        arch = processor?.first("arch")?.text ?? ""
        cpu = CPU(
            model: processor?.first("model")?.text, vendor: processor?.first("vendor")?.text,
            features: Set((processor?.all("feature") ?? []).compactMap { $0["name"] }))
        let access = root.first("host")?.all("secmodel").first { $0.first("model")?.text == "dac" }
        // `+64055:+107`: numeric user and group.
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

    /// Path of the emulator for such a domain; nil if none is installed.
    package func emulator(arch: String, virtualizationType: VirtualizationType) -> String? {
        guests.first { $0.arch == arch }?.emulators[virtualizationType.rawValue]
    }

    /// Machine types by architecture.
    package var machines: [String: Set<String>] {
        Dictionary(guests.map { ($0.arch, $0.machines) }, uniquingKeysWith: { $0.union($1) })
    }
}
