import AtollLibvirt
import Testing

@Suite struct DomainTests {
    @Test func aTransientDomainExistsOnlyWhileItRuns() throws {
        let node = try PrivateNode()
        let connection = try node.open()
        let uuid = "fe689d3c-39d0-11e5-b22b-54ee755a00ca"
        let domain = try connection.createDomain(xml: domainXML("vm0", uuid: uuid))
        #expect(try domain.uuid() == uuid)
        #expect(try domain.isActive())
        #expect(try domain.state().state == .running)
        #expect(try connection.lookupDomain(name: "vm0").uuid() == uuid)
        #expect(try connection.lookupDomain(uuid: uuid).name == "vm0")
        #expect(try connection.lookupDomain(uuid: uuid.filter { $0 != "-" }).name == "vm0")
        #expect(try connection.listDomains(all: false).map(\.name).contains("vm0"))
        try domain.destroy()
        let error = #expect(throws: LibvirtError.self) { try connection.lookupDomain(name: "vm0") }
        #expect(error?.isNotFound == true)
        #expect(error?.operation == "find domain 'vm0'")
        #expect(!(try connection.listDomains().map(\.name).contains("vm0")))
    }

    @Test func aDefinedDomainIsListedOnlyWithAll() throws {
        let node = try PrivateNode()
        let connection = try node.open()
        let domain = try connection.defineDomain(xml: domainXML("vm0"))
        #expect(try !domain.isActive())
        #expect(try domain.state().state == .shutOff)
        #expect(try connection.listDomains().map(\.name) == ["vm0"])
        #expect(try connection.listDomains(all: false).isEmpty)
        try domain.create()
        try domain.suspend()
        #expect(try domain.state().state == .paused)
        try domain.resume()
        try domain.shutdown()
        #expect(try domain.state().state == .shutOff)
        try domain.undefine()
        #expect(try connection.listDomains().isEmpty)
    }

    @Test func stoppingAnInactiveDomainIsAnInvalidOperation() throws {
        let node = try PrivateNode()
        let domain = try node.open().defineDomain(xml: domainXML("vm0"))
        let error = #expect(throws: LibvirtError.self) { try domain.destroy() }
        #expect(error?.isOperationInvalid == true)
        #expect(error?.isNotFound == false)
    }

    @Test func aDuplicateDomainNameIsAConflict() throws {
        let node = try PrivateNode()
        let connection = try node.open()
        _ = try connection.createDomain(xml: domainXML("vm0"))
        let error = #expect(throws: LibvirtError.self) {
            try connection.createDomain(xml: domainXML("vm0", uuid: "fe689d3c-39d0-11e5-b22b-54ee755a00cb"))
        }
        #expect(error?.isConflict == true)
    }

    @Test func invalidXMLIsReportedWithItsElement() throws {
        let node = try PrivateNode()
        let connection = try node.open()
        let error = #expect(throws: LibvirtError.self) { try connection.createDomain(xml: "<domain><nonsense") }
        #expect(error?.isInvalidXML == true)
        let schema = #expect(throws: LibvirtError.self) {
            try connection.defineDomain(xml: domainXML("vm0", extra: "<nonsense/>"), validate: true)
        }
        #expect(schema?.isInvalidXML == true)
        #expect(schema?.message.contains("nonsense") == true)
    }

    @Test func metadataIsReadByNamespace() throws {
        let node = try PrivateNode()
        let connection = try node.open()
        let domain = try connection.createDomain(
            xml: domainXML("vm0", extra: "<metadata><m:i xmlns:m='urn:m' name='a &amp; b'/></metadata>"))
        #expect(try domain.metadata(namespace: "urn:m").contains("name=\"a &amp; b\""))
        #expect(try domain.xml().contains("urn:m"))
        let error = #expect(throws: LibvirtError.self) { try domain.metadata(namespace: "urn:other") }
        #expect(error?.isNotFound == true)
    }

    @Test(arguments: [
        (0, "no state"), (1, "running"), (2, "blocked"), (3, "paused"), (4, "begin shut down"), (5, "shut off"), (6, "crashed"),
        (7, "suspended"), (8, "unknown"), (-1, "unknown"),
    ])
    func statesAreSpokenAsPeopleReadThem(_ number: Int, _ text: String) {
        #expect(DomainState(number: Int32(number)).description == text)
    }
}
