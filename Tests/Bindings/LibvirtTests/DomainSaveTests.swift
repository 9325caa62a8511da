import AtollLibvirt
import AtollTestSupport
import Testing

@Suite struct DomainSaveTests {
    @Test func aSavedDomainStopsAndStartsAgainFromItsFile() throws {
        let node = try PrivateNode()
        let connection = try node.open()
        let domain = try connection.createDomain(xml: domainXML("vm0"))
        let file = node.workspace.path + "/saved"
        try domain.save(to: file)
        #expect(try connection.listDomains(all: false).isEmpty)
        #expect(try connection.savedDomainXML(path: file).contains("<name>vm0</name>"))
        try connection.restoreDomain(path: file)
        #expect(try connection.lookupDomain(name: "vm0").state().state == .running)
    }

    @Test func aFileThatIsNotASavedDomainIsAnError() throws {
        let node = try PrivateNode()
        let connection = try node.open()
        let file = try node.workspace.write("text", "not a saved domain")
        for path in [file, node.workspace.path + "/missing"] {
            #expect(throws: LibvirtError.self) { try connection.savedDomainXML(path: path) }
            #expect(throws: LibvirtError.self) { try connection.restoreDomain(path: path) }
        }
    }

    /// The test driver has no monitor: its error arrives through the second library as well.
    @Test func aHypervisorWithoutMonitorIsUnsupported() throws {
        let node = try PrivateNode()
        let domain = try node.open().createDomain(xml: domainXML("vm0"))
        for descriptors in [[], [Int32(0)]] {
            let error = #expect(throws: LibvirtError.self) {
                try domain.monitorCommand("{\"execute\": \"query-status\"}", descriptors: descriptors)
            }
            #expect(error?.isUnsupported == true && error?.operation == "run a monitor command of the domain vm0")
        }
    }
}
