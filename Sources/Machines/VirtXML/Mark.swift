package import AtollModel
package import AtollXML

/// What every domain and network of ours carries in its metadata. Whatever does not carry it is somebody else's and stays untouched.
package struct Mark: Sendable, Hashable {
    /// What the object is for its prefix.
    package enum Role: String, Sendable, CaseIterable { case vm, network }

    /// The namespace of the element; libvirt keeps one element per namespace.
    package static let namespace = "https://atoll.dev/xmlns/libvirt/1"

    /// The prefix it belongs to.
    package var prefix: PrefixID
    package var role: Role
    /// Its name in the init file.
    package var name: String
    /// When nobody needs it any more, for VMs that were made for one task: ISO 8601, for people and tools that look at libvirt alone.
    package var expires: String?

    package init(prefix: PrefixID, role: Role, name: String, expires: String? = nil) {
        self.expires = expires
        self.prefix = prefix
        self.role = role
        self.name = name
    }

    /// `<atoll:instance xmlns:atoll="…" prefix="…" role="…" name="…"/>`, with `expires="…"` where there is an end.
    package var element: Element {
        Element(
            "atoll:instance",
            ["xmlns:atoll": Self.namespace, "prefix": prefix.hex, "role": role.rawValue, "name": name, "expires": expires])
    }

    /// The mark in the XML of a domain or network; nil when there is none that can be understood.
    /// - Throws: `XMLError` when the text is no XML.
    package init?(xml: String) throws {
        guard let mark = Mark(in: try XML.read(xml)) else { return nil }
        self = mark
    }

    /// The mark in what libvirt answers when asked for the metadata of our namespace: the element alone, its namespace left out.
    /// - Throws: `XMLError` when the text is no XML.
    package init?(metadata: String) throws {
        let element = try XML.read(metadata)
        guard element.name == "instance" || element.name.hasSuffix(":instance"), let mark = Mark(of: element) else { return nil }
        self = mark
    }

    /// The mark in the XML of a domain or network whose text cannot be read to its end: what libvirt 9.0 does not escape in a network's
    /// `<domain name=…>` spoils everything behind it, and metadata comes before. nil when there is none that can be understood.
    package init?(damaged xml: String) {
        guard let end = xml.firstRange(of: "</metadata>"), let name = xml.prefixMatch(of: /\s*<(network|domain)[\s>]/)?.output.1,
            // Up to there the text has to be whole: so what looks like metadata is not part of an attribute.
            let root = try? XML.read(xml[..<end.upperBound] + "</\(name)>"), let mark = Mark(in: root)
        else { return nil }
        self = mark
    }

    init?(in root: Element) {
        // Only where libvirt keeps metadata: an element elsewhere would be a device's business.
        var holder = root
        holder.children = root.children.filter { if case .element(let child) = $0 { child.name == "metadata" } else { false } }
        guard let element = holder.first(local: "instance", namespace: Self.namespace), let mark = Mark(of: element) else { return nil }
        self = mark
    }

    private init?(of element: Element) {
        guard
            let prefix = element["prefix"].flatMap({ PrefixID($0) }),
            let role = element["role"].flatMap({ Role(rawValue: $0) }),
            let name = element["name"], !name.isEmpty
        else { return nil }
        self.init(prefix: prefix, role: role, name: name, expires: element["expires"])
    }
}
