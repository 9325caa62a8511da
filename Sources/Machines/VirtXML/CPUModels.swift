import AtollXML
import Foundation

/// libvirt's map of x86 processor models: which there are, and whose they are.
package struct CPUModels: Sendable, Equatable {
    /// Vendor by model; `generic` for models that name none.
    package var vendors: [String: String]

    package init(vendors: [String: String]) { self.vendors = vendors }

    /// From the text of a whole map: `<cpus>` with one `<arch name='x86'>`. - Throws: `XMLError` when the text is no XML.
    package init(xml: String) throws { try self.init(xml: xml) { _ in nil } }

    /// From a map whose parts are `<include>`d; `part` returns the text of a file by its name, nil when there is none.
    package init(xml: String, part: (String) throws -> String?) throws {
        vendors = [:]
        var parents: [String: String] = [:]
        for arch in try XML.read(xml).all("arch") where arch["name"] == "x86" { try collect(arch, &parents, part, depth: 0) }
        // Old maps let a model inherit from another one, the vendor included.
        for model in parents.keys where vendors[model] == nil {
            var next = parents[model]
            for _ in 0..<parents.count where next.map({ vendors[$0] == nil }) ?? false { next = next.flatMap { parents[$0] } }
            vendors[model] = next.flatMap { vendors[$0] } ?? "generic"
        }
    }

    /// Reads the map of the libvirt installed here: `cpu_map.xml`, or `cpu_map/index.xml` with what it includes.
    /// - Parameter directory: where libvirt keeps its data.
    /// - Throws: `.cpuMap` when there is none.
    package init(directory: String = "/usr/share/libvirt") throws {
        func text(_ file: String) -> String? { try? String(contentsOfFile: "\(directory)/\(file)", encoding: .utf8) }
        if let whole = text("cpu_map.xml") {
            try self.init(xml: whole)
        } else if let index = text("cpu_map/index.xml") {
            try self.init(xml: index) { text("cpu_map/\($0)") }
        } else {
            throw VirtXMLError(.cpuMap, "libvirt's CPU map is not below \(directory); is libvirt installed? Try: atoll doctor")
        }
    }

    /// The vendor of a model: `Intel`, `AMD`, …, or `generic`.
    /// - Throws: `.cpuModel` with "No such CPU family: X".
    package func vendor(of model: String) throws -> String {
        guard let vendor = vendors[model] else { throw VirtXMLError(.cpuModel, "No such CPU family: \(model)") }
        return vendor
    }

    private mutating func collect(
        _ element: Element, _ parents: inout [String: String], _ part: (String) throws -> String?, depth: Int
    ) throws {
        guard depth < 8 else { throw VirtXMLError(.cpuMap, "libvirt's CPU map includes itself") }
        for child in element.elements {
            switch child.name {
            case "model":
                guard let name = child["name"] else { continue }
                if let vendor = child.first("vendor")?["name"] { vendors[name] = vendor }
                parents[name] = child.first("model")?["name"] ?? ""
            case "include":
                guard let file = child["filename"], let text = try part(file) else { continue }
                try collect(try XML.read(text), &parents, part, depth: depth + 1)
            case "group":
                try collect(child, &parents, part, depth: depth + 1)
            default: continue
            }
        }
    }
}
