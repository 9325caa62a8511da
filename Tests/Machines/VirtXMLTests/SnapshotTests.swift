import AtollVirtXML
import AtollXML
import Testing

@Suite struct SnapshotTests {
    private func domain(_ targets: [String]) throws -> DomainDescription {
        try DomainDescription(
            xml: try VirtXML.text(
                sampleDomain {
                    $0.disks = targets.enumerated().map { index, target in
                        .init(index: index + 1, image: .init(path: "/d\(index)", format: "qcow2"), target: target)
                    }
                }))
    }

    @Test func onlyListedDisksAreSnapshotAndNoneIsRelabelled() throws {
        let snapshot = DiskSnapshot(name: "s<1>", disks: [.init(target: "vdb", overlay: .init(path: "/new", format: "qcow2"))])
        let root = try XML.read(try VirtXML.text(snapshot, of: try domain(["vda", "vdb", "sda"])))
        #expect(root.first("name")?.text == "s<1>")
        let disks = root.first("disks")?.all("disk") ?? []
        #expect(disks.map { $0["name"] } == ["vda", "vdb", "sda"])
        #expect(disks.map { $0["snapshot"] } == ["no", "external", "no"])
        #expect(disks[1].first("source")?["file"] == "/new" && disks[1].first("driver")?["type"] == "qcow2")
        #expect(disks[1].first("source", "seclabel")?["relabel"] == "no")
    }

    @Test func anUnknownDiskIsAnError() throws {
        let snapshot = DiskSnapshot(name: "s", disks: [.init(target: "vdc", overlay: .init(path: "/new", format: "qcow2"))])
        let error = #expect(throws: VirtXMLError.self) { try VirtXML.text(snapshot, of: try domain(["vda", "vdb"])) }
        #expect(error?.code == .device && error?.message == "snapshot 's': unknown disk 'vdc'; the domain has vda, vdb")
    }

    @Test func topLayersAreReadByDevice() throws {
        #expect(try domain(["vda", "sda"]).topLayers == ["vda": "/d0", "sda": "/d1"])
    }
}
