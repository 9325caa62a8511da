import AtollModel
import AtollXML
import OrderedCollections

/// The `<cpu>` element.
enum CPUXML {
    static func element(_ choice: CPUChoice, type: VirtualizationType, vcpus: Int, memory: Int) throws -> Element {
        switch (choice, type) {
        case (.host, .kvm):
            var cpu = Element("cpu", ["mode": "host-passthrough"], [topology(vcpus)])
            let cells = NUMACell.cells(vcpus: vcpus, memory: memory)
            if !cells.isEmpty {
                cpu.append(
                    Element(
                        "numa", [:],
                        cells.enumerated().map { index, cell in
                            Element("cell", ["id": "\(index)", "cpus": cell.cpus, "memory": "\(cell.memory)", "unit": "MiB"])
                        }))
            }
            return cpu
        case (.host, .qemu): return Element("cpu", ["mode": "maximum"], [topology(vcpus)])
        case (.model(let model, let nested), _):
            var cpu = Element("cpu", ["match": "exact"], [Element("model", text: model), topology(vcpus)])
            if let nested, type == .kvm { cpu.append(Element("feature", ["policy": "require", "name": nested])) }
            return cpu
        case (.custom(let value, let addTopology), _):
            guard value.members != nil else {
                throw VirtXMLError(.cpu, "conversion of 'cpu' to XML failed: expected a mapping in cpu_custom, found \(value.kind)")
            }
            let made: [Element]
            do {
                made = try elements("cpu", value)
                for element in made { _ = try XML.write(element) }
            } catch let error as XMLError { throw VirtXMLError(.cpu, "conversion of 'cpu' to XML failed: \(error.message)") }
            guard var cpu = made.first else { return Element("cpu") }
            if addTopology, cpu.first("topology") == nil { cpu.append(topology(vcpus)) }
            return cpu
        }
    }

    private static func topology(_ vcpus: Int) -> Element { Element("topology", ["sockets": "\(vcpus)", "cores": "1", "threads": "1"]) }

    /// xmltodict's convention: `@name` is an attribute, `#text` the text, a list repeats the element, any other key is a child.
    private static func elements(_ name: String, _ value: Value) throws -> [Element] {
        if let list = value.elements { return try list.flatMap { try elements(name, $0) } }
        guard let members = value.members else { return [Element(name, text: value.text ?? "")] }
        var element = Element(name)
        for (key, member) in members {
            if key.hasPrefix("@") || key == "#text" {
                guard member.members == nil, member.elements == nil else {
                    throw VirtXMLError(
                        .cpu, "conversion of 'cpu' to XML failed: expected text in '\(key)' of <\(name)>, found \(member.kind)")
                }
            }
            if key.hasPrefix("@") {
                element[String(key.dropFirst())] = member.text ?? ""
            } else if key == "#text" {
                element.children.append(.text(member.text ?? ""))
            } else {
                for child in try elements(key, member) { element.append(child) }
            }
        }
        return [element]
    }
}
