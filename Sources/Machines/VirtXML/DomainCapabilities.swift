import AtollXML

/// What domains of one kind may have on a host, as far as an init file can ask for it.
package struct DomainCapabilities: Sendable, Equatable {
    /// `bios`, `efi`: what libvirt chooses by itself.
    package var firmwares: Set<String>
    /// `tpm-crb`, `tpm-tis`, …
    package var tpmModels: Set<String>
    /// `emulator` where swtpm is installed.
    package var tpmBackends: Set<String>

    /// From the text of `virConnectGetDomainCapabilities`. - Throws: `XMLError` when the text is no XML.
    package init(xml: String) throws {
        let root = try XML.read(xml)
        func values(_ parent: Element?, _ name: String) -> Set<String> {
            Set((parent?.all("enum") ?? []).filter { $0["name"] == name }.flatMap { $0.all("value").map(\.text) })
        }
        firmwares = values(root.first("os"), "firmware")
        let tpm = root.first("devices", "tpm")
        tpmModels = values(tpm, "model")
        tpmBackends = values(tpm, "backendModel")
    }
}
