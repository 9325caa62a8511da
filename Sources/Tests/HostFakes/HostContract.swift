package import AtollHostPorts
package import AtollModel
package import AtollVirtXML

/// Behaviour that every implementation of a port has: the fake in unit tests, libvirt in integration tests.
///
/// Each suite leaves the host as it found it and returns one line for each violated rule.
package struct HostContract {
    private var violations: [String] = []

    private init() {}

    /// - Parameter definition: of a domain whose owner is not `stranger`, with no domain of that name on the host.
    package static func domains(
        _ port: any DomainLifecycle, _ definition: DomainDefinition, stranger: PrefixID
    ) async throws -> [String] {
        var contract = HostContract()
        let (name, owner) = (definition.name, definition.ownerTag.prefix)
        contract.expect(try await port.domain(named: name) == nil, "a domain that was not started is missing")
        try await port.stop(named: name, owner: owner)
        try await port.start(definition)
        let started = try await port.domain(named: name)
        contract.expect(started?.state == .running, "a started domain is running")
        contract.expect(started?.owner == owner, "a started domain has its owner")
        contract.expect(started?.accelerator == (definition.type == .kvm ? .kvm : .tcg), "a started domain has its accelerator")
        contract.expect(started?.unreadable == nil, "a started domain is readable")
        contract.expect(try await port.domains().contains { $0.name == name && $0.owner == owner }, "a started domain is listed")
        try await port.start(definition)
        var rival = definition
        rival.ownerTag.prefix = stranger
        await contract.expect(.hostFailure, "start under the name of a foreign domain") { try await port.start(rival) }
        await contract.expect(.refused, "stop of a foreign domain") { try await port.stop(named: name, owner: stranger) }
        contract.expect(try await port.domain(named: name)?.state == .running, "a refused stop changes nothing")
        try await port.stop(named: name, owner: owner)
        contract.expect(try await port.domain(named: name) == nil, "a stopped domain is missing")
        try await port.stop(named: name, owner: owner)
        return contract.violations
    }

    /// - Parameter definition: of a network whose owner is not `stranger`, with no network of that name on the host.
    package static func networks(_ port: any Networks, _ definition: NetworkDefinition, stranger: PrefixID) async throws -> [String] {
        var contract = HostContract()
        let (name, owner) = (definition.name, definition.ownerTag.prefix)
        contract.expect(try await port.network(named: name) == nil, "a network that was not started is missing")
        try await port.stop(named: name, owner: owner)
        try await port.start(definition)
        let started = try await port.network(named: name)
        contract.expect(started?.isActive == true, "a started network is active")
        contract.expect(started?.owner == owner, "a started network has its owner")
        contract.expect(started?.bridge == definition.bridge, "a started network has its bridge")
        contract.expect(
            started?.subnets == definition.gateway.map { [IPv4Subnet(containing: $0)] }, "a started network serves its subnet")
        contract.expect(try await port.networks().contains { $0.name == name && $0.owner == owner }, "a started network is listed")
        try await port.start(definition)
        var rival = definition
        rival.ownerTag.prefix = stranger
        await contract.expect(.hostFailure, "start under the name of a foreign network") { try await port.start(rival) }
        await contract.expect(.refused, "stop of a foreign network") { try await port.stop(named: name, owner: stranger) }
        contract.expect(try await port.network(named: name)?.isActive == true, "a refused stop changes nothing")
        try await port.stop(named: name, owner: owner)
        contract.expect(try await port.network(named: name) == nil, "a stopped network is missing")
        try await port.stop(named: name, owner: owner)
        return contract.violations
    }

    /// - Parameters:
    ///   - definition: of a filter whose owner is not `stranger`, with no filter of that name on the host.
    ///   - names: addresses of the host names in its openings.
    package static func filters(
        _ port: any NetworkFilters, _ definition: FilterDefinition, owner: PrefixID, stranger: PrefixID, names: [String: [IPv4Address]]
    ) async throws -> [String] {
        var contract = HostContract()
        let name = definition.name
        try await port.remove(named: name, owner: owner)
        await contract.expect(.notFound, "addresses of a missing filter") { _ = try await port.addresses(inFilter: name) }
        try await port.define(definition)
        try await port.define(definition)
        contract.expect(
            try await port.filters().filter { $0.name == name } == [ObservedFilter(name: name, owner: owner)], "a filter is listed once")
        contract.expect(try await port.addresses(inFilter: name) == names, "a filter keeps the addresses of host names")
        await contract.expect(.refused, "removal of a foreign filter") { try await port.remove(named: name, owner: stranger) }
        await contract.expect(.refused, "removal of a filter without an owner") {
            try await port.remove(named: "clean-traffic", owner: owner)
        }
        var narrower = definition
        narrower.openings = []
        try await port.define(narrower)
        contract.expect(try await port.addresses(inFilter: name).isEmpty, "a second definition replaces the rules")
        try await port.remove(named: name, owner: owner)
        contract.expect(try await port.filters().allSatisfy { $0.name != name }, "a removed filter is missing")
        return contract.violations
    }

    private mutating func expect(_ condition: Bool, _ rule: String) { if !condition { violations.append(rule) } }

    private mutating func expect(_ code: EnvironmentError.Code, _ operation: String, _ body: () async throws -> Void) async {
        do {
            try await body()
            violations.append("\(operation) throws \(code.rawValue)")
        } catch let error as EnvironmentError where error.code == code {
            return
        } catch {
            violations.append("\(operation) throws \(code.rawValue), not: \(error)")
        }
    }
}

extension HostContract {
    /// - Parameters:
    ///   - name: a running domain of `owner`.
    ///   - file: absolute path for the saved domain; no file is there.
    ///   - descriptor: open for reading.
    package static func memory(
        _ port: any DomainMemory, _ domains: any DomainLifecycle, domain name: String, owner: PrefixID, stranger: PrefixID, file: String,
        descriptor: Int32
    ) async throws -> [String] {
        var contract = HostContract()
        await contract.expect(.refused, "suspend of a foreign domain") { try await port.suspend(named: name, owner: stranger) }
        await contract.expect(.refused, "resume of a foreign domain") { try await port.resume(named: name, owner: stranger) }
        await contract.expect(.refused, "save of a foreign domain") { try await port.save(named: name, owner: stranger, to: file) }
        await contract.expect(.refused, "monitor command of a foreign domain") {
            _ = try await port.monitor(MonitorCommand("query-status"), named: name, owner: stranger, descriptors: [])
        }
        await contract.expect(.notFound, "suspend of a missing domain") { try await port.suspend(named: name + "-x", owner: owner) }
        await contract.expect(.notFound, "restore of a missing file") { try await port.restore(from: file, owner: owner) }
        contract.expect(try await domains.domain(named: name)?.state == .running, "refused operations change nothing")

        try await port.suspend(named: name, owner: owner)
        try await port.suspend(named: name, owner: owner)
        contract.expect(try await domains.domain(named: name)?.state == .paused, "a suspended domain is paused")
        let paused = try await port.monitor(MonitorCommand("query-status"), named: name, owner: owner, descriptors: [])
        contract.expect(paused["running"] == false, "the monitor reports a suspended domain as not running")
        try await port.resume(named: name, owner: owner)
        try await port.resume(named: name, owner: owner)
        contract.expect(try await domains.domain(named: name)?.state == .running, "a resumed domain is running")

        let passing = MonitorCommand("getfd", arguments: ["fdname": "contract"])
        _ = try await port.monitor(passing, named: name, owner: owner, descriptors: [descriptor])
        // QEMU knows the descriptor by its name now.
        _ = try await port.monitor(
            MonitorCommand("closefd", arguments: ["fdname": "contract"]), named: name, owner: owner, descriptors: [])
        await contract.expect(.hostFailure, "unknown monitor command") {
            _ = try await port.monitor(MonitorCommand("no-such-command"), named: name, owner: owner, descriptors: [])
        }

        try await port.save(named: name, owner: owner, to: file)
        contract.expect(try await domains.domain(named: name) == nil, "a saved domain is stopped")
        await contract.expect(.refused, "restore of a foreign domain") { try await port.restore(from: file, owner: stranger) }
        contract.expect(try await domains.domain(named: name) == nil, "a refused restore starts nothing")
        try await port.restore(from: file, owner: owner)
        let restored = try await domains.domain(named: name)
        contract.expect(restored?.state == .running && restored?.owner == owner, "a restored domain runs and keeps its owner")
        return contract.violations
    }

    /// - Parameters:
    ///   - name: a running domain of `owner` whose disk `target` has a backing file.
    ///   - overlay: existing qcow2 file on the disk's top layer.
    ///   - whileSnapshot: runs between snapshot and commit.
    package static func snapshots(
        _ port: any DomainSnapshots, domain name: String, owner: PrefixID, stranger: PrefixID, target: String, overlay: String,
        whileSnapshot: () async throws -> Void = {}
    ) async throws -> [String] {
        var contract = HostContract()
        let snapshot = DiskSnapshot(name: "contract", disks: [.init(target: target, overlay: .init(path: overlay, format: "qcow2"))])
        let missing = DiskSnapshot(
            name: "contract", disks: [.init(target: target, overlay: .init(path: overlay + "-missing", format: "qcow2"))])
        let before = try await port.topLayers(ofDomain: name, owner: owner)
        await contract.expect(.refused, "snapshot of a foreign domain") {
            try await port.create(snapshot, ofDomain: name, owner: stranger)
        }
        await contract.expect(.hostFailure, "snapshot onto a missing overlay") {
            try await port.create(missing, ofDomain: name, owner: owner)
        }
        contract.expect(try await port.topLayers(ofDomain: name, owner: owner) == before, "a failed snapshot changes nothing")
        try await port.create(snapshot, ofDomain: name, owner: owner)
        contract.expect(try await port.topLayers(ofDomain: name, owner: owner)[target] == overlay, "the overlay is the top layer")
        try await whileSnapshot()
        await contract.expect(.refused, "commit of a foreign domain") {
            try await port.commit(disk: target, ofDomain: name, owner: stranger) { _ in }
        }
        await contract.expect(.notFound, "commit of an unknown disk") {
            try await port.commit(disk: "vdq", ofDomain: name, owner: owner) { _ in }
        }
        try await port.commit(disk: target, ofDomain: name, owner: owner) { _ in }
        contract.expect(try await port.topLayers(ofDomain: name, owner: owner) == before, "commit restores the former top layer")
        return contract.violations
    }
}
