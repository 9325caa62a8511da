import AtollXML

/// External snapshot of some disks of a running domain: each gets a new top layer, and its current file becomes the backing file.
package struct DiskSnapshot: Sendable, Equatable {
    /// New top layer of one disk.
    package struct Disk: Sendable, Equatable {
        /// Device name in the domain (`vda`).
        package var target: String
        /// Existing qcow2 file, with the disk's current file as its backing file.
        package var overlay: DomainDefinition.Layer

        package init(target: String, overlay: DomainDefinition.Layer) {
            self.target = target
            self.overlay = overlay
        }
    }

    package var name: String
    package var disks: [Disk]

    package init(name: String, disks: [Disk]) {
        self.name = name
        self.disks = disks
    }

    /// - Parameter targets: device names of all disks of the domain; libvirt snapshots every disk that the XML does not exclude.
    func element(targets: [String]) throws -> Element {
        let overlays = Dictionary(disks.map { ($0.target, $0.overlay) }, uniquingKeysWith: { first, _ in first })
        if let unknown = disks.map(\.target).first(where: { !targets.contains($0) }) {
            throw VirtXMLError(.device, "snapshot '\(name)': unknown disk '\(unknown)'; the domain has \(targets.joined(separator: ", "))")
        }
        var all = Element("disks")
        for target in targets {
            guard let overlay = overlays[target] else {
                all.append(Element("disk", ["name": target, "snapshot": "no"]))
                continue
            }
            all.append(
                Element(
                    "disk", ["name": target, "snapshot": "external", "type": "file"],
                    [Element("driver", ["type": overlay.format]), DeviceXML.source(overlay.path)]))
        }
        return Element("domainsnapshot", [:], [Element("name", text: name), all])
    }
}
