import AtollModel

/// What the guests of a net reach beyond it: `on`, `outside`, `off`, or a list.
struct EgressDecoder {
    let field: Field
    let kind: NetKind

    func decode() -> Egress? {
        guard !field.isEmpty, let egress = egress() else { return nil }
        let isOn = egress == .on
        if kind == .bridge, !isOn {
            field.findings.error(
                field.path,
                "a bridge net leads wherever its bridge does, which cannot be limited here; use a net of type nat, or leave this out")
        } else if kind == .isolated, egress != .off {
            field.findings.error(field.path, "an isolated net reaches nothing; write off, or make it a net of type nat")
        }
        return egress
    }

    private func egress() -> Egress? {
        switch field.value {
        // YAML reads a plain `on` as true.
        case .bool(let flag)?: return flag ? .on : .off
        case "on"?: return .on
        case "off"?: return .off
        case "outside"?: return .outside
        case .list(let entries)?:
            let destinations = entries.enumerated().compactMap { index, entry -> Egress.Destination? in
                let place = Field(value: entry, path: field.path.appending(index), findings: field.findings)
                guard case .string(let text)? = place.value, let destination = Egress.Destination(text) else {
                    place.refuse(allowed: Egress.Destination.rule)
                    return nil
                }
                return destination
            }
            return .only(destinations)
        default:
            field.refuse(allowed: Egress.rule)
            return nil
        }
    }
}
