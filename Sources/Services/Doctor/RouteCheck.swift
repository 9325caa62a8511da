import AtollClaims
import AtollModel
import AtollPlatform
import AtollVirtXML

/// Routes of this host that overlap the subnets environments lease: those are skipped, so enough must be left.
enum RouteCheck {
    static func finding(_ subject: Subject, _ facts: HostFacts, _ remedies: Remedies) -> Finding {
        let id = "routes", title = "routes"
        let leases: LeaseStore.Snapshot
        do { leases = try LeaseStore(directory: subject.leaseDirectory).snapshot() } catch {
            return Finding(id, .warning, title, "the leases cannot be read, so our routes cannot be told from others: \(error)")
        }
        let held = leases.taken
        let all = IPv4Subnet.leasedRange.map { IPv4Subnet(leasedThirdOctet: $0) }
        var blocked: Set<UInt8> = []
        var culprits: [HostRoute] = []
        for route in facts.routes() {
            let hit = all.filter { $0.overlaps(route.subnet) }
            if hit.isEmpty || isOwn(route, leases) { continue }
            culprits.append(route)
            blocked.formUnion(hit.map { $0.base.octets[2] })
        }
        guard !culprits.isEmpty else {
            return Finding(id, .ok, title, "none overlaps 192.168.200.0/24 to 192.168.255.0/24; \(held.count) of \(all.count) leased")
        }
        let free = all.count - blocked.union(held).count
        let named = culprits.map { "\($0.subnet) over \($0.device)" }.joined(separator: ", ")
        let detail = "\(named) overlaps \(blocked.count) of the \(all.count) subnets that environments lease; \(free) are free"
        let blocking = blocking(culprits, leases)
        let remedy = culprits.map { remedies.root($0.removal) }
        return free == 0
            ? Finding(
                id, .failure, title, detail + blocking + ". Remove a route you do not need, or give every net its own gw", remedy: remedy)
            : Finding(
                id, .warning, title, detail + " and those are used" + blocking + ". Remove the route only if you do not need it",
                remedy: remedy)
    }

    /// Whether an environment's own bridge makes it, which is no overlap: ours, or one that Lago called after the prefix with the lease.
    private static func isOwn(_ route: HostRoute, _ leases: LeaseStore.Snapshot) -> Bool {
        guard route.subnet.isLeased, let lease = leases.leases[route.subnet.base.octets[2]], let holder = lease.holder else { return false }
        return HostNames.isBridge(route.device) || route.device.hasPrefix(holder.uuid.prefix(4) + "-")
    }

    /// The environments that such a route keeps from starting.
    private static func blocking(_ routes: [HostRoute], _ leases: LeaseStore.Snapshot) -> String {
        let blocked = leases.leases.values.filter { lease in
            lease.holder != nil && routes.contains { $0.prefixLength >= lease.subnet.prefixLength && $0.subnet.overlaps(lease.subnet) }
        }
        return blocked.sorted { $0.octet < $1.octet }.map { lease in
            let prefix = (lease.holder?.uuidPath ?? "").split(separator: "/").dropLast().map { "/" + $0 }.joined()
            return "; the network \(lease.subnet) of the environment at \(prefix) cannot start"
        }.joined()
    }
}
