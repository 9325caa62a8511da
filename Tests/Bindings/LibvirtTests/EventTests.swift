import AtollLibvirt
import Testing

@Suite(.timeLimit(.minutes(1))) struct EventTests {
    @Test func lifecycleEventsAreDelivered() async throws {
        let node = try PrivateNode()
        let connection = try node.open(events: true)
        let events = try connection.lifecycleEvents()
        let domain = try connection.defineDomain(xml: domainXML("vm0"))
        try domain.create()
        try domain.destroy()
        var kinds: [LifecycleEvent.Kind?] = []
        for await event in events {
            #expect(event.domain == "vm0")
            kinds.append(event.kind)
            if kinds.count == 3 { break }
        }
        #expect(kinds == [.defined, .started, .stopped])
    }

    @Test func closingTheConnectionEndsItsStreams() async throws {
        let node = try PrivateNode()
        let connection = try node.open(events: true)
        let events = try connection.lifecycleEvents()
        connection.close()
        var count = 0
        for await _ in events { count += 1 }
        #expect(count == 0)
    }

    @Test func aConnectionWithoutEventsRefusesSubscriptions() throws {
        let node = try PrivateNode()
        let connection = try node.open()
        let error = #expect(throws: LibvirtError.self) { try connection.lifecycleEvents() }
        #expect(error?.isOperationInvalid == true)
        #expect(throws: LibvirtError.self) { try ConsoleStream(connection) }
    }

    @Test func connectionsWithEventsOpenAndCloseConcurrently() async throws {
        try await withThrowingTaskGroup { group in
            for index in 0..<16 {
                group.addTask {
                    let node = try PrivateNode()
                    let connection = try node.open(events: true)
                    let events = try connection.lifecycleEvents()
                    _ = try connection.createDomain(xml: domainXML("vm\(index)"))
                    for await event in events { return event.domain == "vm\(index)" }
                    return false
                }
            }
            for try await correct in group { #expect(correct) }
        }
    }
}
