package import AtollModel
package import AtollXML

/// Metadata element that marks a libvirt domain or network as created by a prefix. An object without it is foreign and never changed.
package struct OwnerTag: Sendable, Hashable {
    /// Kind of the tagged object.
    package enum Role: String, Sendable, CaseIterable { case vm, network }

    /// XML namespace of the element; libvirt stores one element per namespace.
    package static let namespace = "https://atoll.dev/xmlns/libvirt/1"

    /// Prefix that owns the object.
    package var prefix: PrefixID
    package var role: Role
    /// Name of the VM or network in the init file.
    package var name: String
    /// Expiry of a VM created for one task: ISO 8601, for readers that query libvirt only.
    package var expires: String?

    package init(prefix: PrefixID, role: Role, name: String, expires: String? = nil) {
        self.expires = expires
        self.prefix = prefix
        self.role = role
        self.name = name
    }

    /// `<atoll:instance xmlns:atoll="…" prefix="…" role="…" name="…"/>`, with `expires="…"` if the object expires.
    package var element: Element {
        Element(
            "atoll:instance",
            ["xmlns:atoll": Self.namespace, "prefix": prefix.hex, "role": role.rawValue, "name": name, "expires": expires])
    }

    /// The tag in the XML of a domain or network; nil if it is missing or invalid.
    /// - Throws: `XMLError` if the text is not XML.
    package init?(xml: String) throws {
        guard let tag = OwnerTag(in: try XML.read(xml)) else { return nil }
        self = tag
    }

    /// The tag in libvirt's answer to a metadata query for `namespace`: the element alone, without its namespace.
    /// - Throws: `XMLError` if the text is not XML.
    package init?(metadata: String) throws {
        let element = try XML.read(metadata)
        guard element.name == "instance" || element.name.hasSuffix(":instance"), let tag = OwnerTag(of: element) else { return nil }
        self = tag
    }

    /// The tag in the XML of a domain or network that is malformed after its metadata; nil if it is missing or invalid.
    ///
    /// libvirt 9.0 does not escape `<domain name=…>` of a network, which makes the rest of the document malformed.
    package init?(damaged xml: String) {
        guard let end = xml.firstRange(of: "</metadata>"), let name = xml.prefixMatch(of: /\s*<(network|domain)[\s>]/)?.output.1,
            // The text up to there must be well formed, so that metadata inside an attribute value is not accepted.
            let root = try? XML.read(xml[..<end.upperBound] + "</\(name)>"), let tag = OwnerTag(in: root)
        else { return nil }
        self = tag
    }

    init?(in root: Element) {
        // Only <metadata> directly below the root counts: the same element elsewhere belongs to a device.
        var holder = root
        holder.children = root.children.filter { if case .element(let child) = $0 { child.name == "metadata" } else { false } }
        guard let element = holder.first(local: "instance", namespace: Self.namespace), let tag = OwnerTag(of: element) else { return nil }
        self = tag
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
