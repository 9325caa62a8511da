import AtollDocuments
import AtollInitFile
import AtollModel
import OrderedCollections
import Testing

@testable import AtollInstances

@Suite("Disposable: the VM of a run") struct VMRequestTests {
    @Test("its init file is one that anybody could have written") func initFile() throws {
        var request = VMRequest(run: "20261121_1", image: .template("tiny"), memoryMiB: 512, cpus: 1, diskBytes: 3 << 30, hasTPM: true)
        request.extraDiskBytes = [1 << 30, 2 << 30]
        request.egress = try #require(Egress(words: "10.0.0.5:443, example.org"))
        let (spec, warnings) = try InitFile.parse(ValueJSON.render(request.initFile(), indent: 0), file: "environment.json")
        #expect(warnings.isEmpty)
        let domain = try #require(spec.domains["taskotron-20261121-1"])
        #expect(domain.disks.map(\.device) == ["vda", "vdb", "vdc"])
        #expect(domain.disks[0].size == DiskSpec.Size(bytes: 3 << 30, isLeast: true))
        #expect(domain.disks[1].origin == .empty(size: "1073741824"))
        #expect(spec.nets["task"]?.egress == request.egress && spec.nets["task"]?.ipv6 == false)
    }

    @Test("words for egress are read as they are written, and what is no destination is refused") func egressWords() {
        for words in ["on", "off", "outside", "10.0.0.5,example.org:443,gateway"] { #expect(Egress(words: words)?.description == words) }
        for words in ["", "on,off,", "300.1.2.3", "a_b.example", "-x", "10.0.0.1/8"] { #expect(Egress(words: words) == nil, "\(words)") }
    }
}
