import AtollDocuments
package import AtollModel

/// Specs that a prefix saved (`virt/vm-NAME`, `virt/net-NAME`): the same keys as in an init file, with what init decided filled in.
package enum SpecDecoder {
    /// A saved VM. What init wrote into it (addresses, paths, snapshots, …) is in `raw`, and in `NICSpec.ip`. `file` is what errors name.
    package static func domain(name: String, value: Value, file: String? = nil) throws(InvalidInput) -> DomainSpec {
        let findings = Findings(document: Document(value, file: file ?? "virt/vm-\(name)"), saved: true)
        let spec = DomainDecoder(field: findings.root, nets: nil).decode(name: name)
        guard findings.errorCount == 0 else { throw InvalidInput(findings.sorted(.error)) }
        return spec
    }

    /// A saved net.
    package static func net(name: String, value: Value, file: String? = nil) throws(InvalidInput) -> NetSpec {
        let findings = Findings(document: Document(value, file: file ?? "virt/net-\(name)"), saved: true)
        let spec = NetDecoder(field: findings.root).decode(name: name)
        guard findings.errorCount == 0 else { throw InvalidInput(findings.sorted(.error)) }
        return spec
    }
}
