package import AtollModel
import OrderedCollections

/// The JSON Schema (draft 2020-12) of init files, for editors.
package enum InitFileSchema {
    /// The whole document.
    package static let document: Value = {
        let network: Value = ["type": "nat", "dhcp": ["start": 100, "end": 254], "management": true]
        let disk: Value = ["type": "template", "template_name": "tiny", "name": "root", "dev": "vda", "format": "qcow2"]
        let machine: Value = ["memory": 256, "vcpu": 1, "nics": [["net": "net-01"]], "disks": .list([disk])]
        var root = object(.root, required: ["domains", "nets"], open: true).members ?? [:]
        root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        root["title"] = "Atoll init file"
        root["description"] = "Virtual machines and the networks between them. Further top-level keys are for anchors."
        root["examples"] = .list([["domains": ["vm-a": machine], "nets": ["net-01": network]]])
        root["$defs"] = [
            "name": ["type": "string", "pattern": .string(Names.pattern)],
            "domain": object(.domain, required: []),
            "disk": object(.disk, required: ["name", "dev", "format", "type"]),
            "nic": object(.nic, required: ["net"]),
            "net": object(.net, required: []),
            "dhcp": object(.dhcp, required: ["start", "end"]),
            "cloudInit": object(.cloudInit, required: []),
            "pathOnly": [
                "type": "object", "properties": ["path": ["type": "string"]], "required": ["path"], "additionalProperties": false,
            ],
        ]
        return .map(root)
    }()

    /// Unknown keys are kept and only warned about, so no place is closed.
    private static func object(_ place: Keys.Place, required: [String], open: Bool = false) -> Value {
        var properties = Value.map([:]).members ?? [:]
        for key in Keys.known(at: place) {
            var fragment = key.schema.members ?? [:]
            fragment["description"] = .string(key.about)
            if key.isLegacy { fragment["deprecated"] = true }
            properties[key.name] = .map(fragment)
        }
        // `net-01:` with nothing after it is a net with every default.
        let type: Value = place == .net || place == .dhcp ? ["object", "null"] : "object"
        return ["type": type, "properties": .map(properties), "required": .list(required.map(Value.string)), "additionalProperties": true]
    }
}
