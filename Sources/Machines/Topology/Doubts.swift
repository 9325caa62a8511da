import AtollModel

/// What errors told already leave unknown: nothing may be concluded from it.
struct Doubts {
    let faults: Set<FieldPath>

    /// Whether there may be other nets than those of the spec.
    var nets: Bool { faults.contains(.keys("nets")) }

    /// Whether a member of a net may be something else than the spec says: it, the net or what is merged into it has an error.
    func has(_ member: String, ofNet net: String) -> Bool {
        let path = FieldPath.keys("nets", net)
        return [path, path.appending(member), path.appending("<<")].contains(where: faults.contains)
    }

    /// Whether a VM may have other NICs than the spec says.
    func nics(of domain: DomainSpec) -> Bool {
        let root = FieldPath.keys("domains", domain.name)
        let list = root.appending("nics")
        if [root, root.appending("based-on"), root.appending("<<"), list].contains(where: faults.contains) { return true }
        return domain.nics.indices.contains { net(ofNIC: list.appending($0)) }
    }

    /// Whether the net of the NIC at `path` is not known, which has been said.
    func net(ofNIC path: FieldPath) -> Bool { [path, path.appending("net"), path.appending("<<")].contains(where: faults.contains) }
}
