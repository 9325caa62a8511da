import AtollLibvirt
import AtollPlatform
import AtollTestSupport
import Testing

@Suite struct ConnectionTests {
    @Test func reportsVersionsAndCapabilities() throws {
        let node = try PrivateNode()
        let connection = try node.open()
        #expect(Libvirt.libraryVersion() >= LibvirtVersion(9, 0, 0))
        #expect(try connection.libvirtVersion() == Libvirt.libraryVersion())
        #expect(try connection.hypervisorVersion() > LibvirtVersion(0, 0, 0))
        #expect(try connection.capabilities().contains("<capabilities>"))
        #expect(connection.isAlive)
    }

    @Test func aClosedConnectionThrowsInsteadOfCrashing() throws {
        let node = try PrivateNode()
        let connection = try node.open()
        let domain = try connection.createDomain(xml: domainXML("vm0"))
        connection.close()
        connection.close()
        let error = #expect(throws: LibvirtError.self) { try connection.listDomains() }
        #expect(error?.isConnectionFailure == true)
        #expect(!connection.isAlive)
        #expect(try domain.state().state == .running)
    }

    @Test func anAbsentDaemonIsAConnectionFailure() throws {
        let place = try Workspace()
        let error = #expect(throws: LibvirtError.self) { try Connection(uri: "qemu+unix:///system?socket=\(place.path)/none") }
        #expect(error?.isConnectionFailure == true)
        #expect(error?.isPermission == false)
        #expect(error?.operation.hasPrefix("connect to libvirt at 'qemu+unix:") == true)
    }

    @Test func anUnknownDriverIsAConnectionFailure() {
        let error = #expect(throws: LibvirtError.self) { try Connection(uri: "nosuch:///system") }
        #expect(error?.isConnectionFailure == true)
    }

    @Test func aPermissionErrorIsNotAConnectionFailure() {
        // What libvirt reports when the socket may not be opened: system error 38 of the RPC layer (7), errno in int1.
        let refused = LibvirtError(code: 38, domain: 7, message: "Permission denied", operation: "connect", systemErrno: 13)
        #expect(refused.isPermission && !refused.isConnectionFailure)
        let polkit = LibvirtError(code: 79, domain: 7, message: "authentication unavailable", operation: "connect")
        #expect(polkit.isPermission && !polkit.isConnectionFailure)
        let storage = LibvirtError(code: 38, domain: 18, message: "Cannot access storage file", operation: "start", systemErrno: 13)
        #expect(storage.isStorageAccess && !storage.isPermission && !storage.isConnectionFailure)
    }

    @Test func credentialsArePassedToADaemonThatRequiresThem() throws {
        // The test driver asks for a user and password when its node file has an auth section.
        let place = try Workspace()
        let file = try place.write(
            "node.xml", "<node><auth><user password='secret'>astra</user></auth></node>")
        let connection = try Connection(uri: "test://\(file)", credentials: Credentials(user: "astra", password: "secret"))
        #expect(try connection.listDomains().isEmpty)
        let error = #expect(throws: LibvirtError.self) {
            try Connection(uri: "test://\(file)", credentials: Credentials(user: "astra", password: "wrong"))
        }
        #expect(error?.isPermission == true)
    }

    @Test func errorsOfConcurrentThreadsAreIndependent() async throws {
        let node = try PrivateNode()
        let connection = try node.open()
        try await withThrowingTaskGroup { group in
            for index in 0..<64 {
                group.addTask {
                    try await Blocking.run {
                        do throws(LibvirtError) {
                            if index % 2 == 0 {
                                _ = try connection.lookupDomain(name: "absent-\(index)")
                            } else {
                                _ = try connection.lookupNetwork(name: "absent-\(index)")
                            }
                            return false
                        } catch {
                            return error.isNotFound && error.operation.hasSuffix("absent-\(index)'")
                                && error.code == (index % 2 == 0 ? 42 : 43)
                        }
                    }
                }
            }
            for try await correct in group { #expect(correct) }
        }
    }
}
