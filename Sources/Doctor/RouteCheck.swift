import AtollClaims
import AtollModel
import AtollPlatform

/// Routes of this host that overlap the subnets environments lease: those are skipped, so enough must be left.
enum RouteCheck {
    static func finding(_ subject: Subject, _ facts: HostFacts, _ remedies: Remedies) -> Finding {
        let id = "routes", title = "routes"
        let held: Set<UInt8>
        // The leases' own bridges make routes too; those are no overlap.
        do { held = try LeaseStore(directory: subject.leaseDirectory).snapshot().taken } catch {
            return Finding(id, .warning, title, "the leases cannot be read, so our routes cannot be told from others: \(error)")
        }
        let all = IPv4Subnet.leasedRange.map { IPv4Subnet(leasedThirdOctet: $0) }
        var blocked: Set<UInt8> = []
        var culprits: [HostRoute] = []
        for route in facts.routes() {
            let ours = route.subnet.isLeased && held.contains(route.subnet.base.octets[2])
            let hit = all.filter { $0.overlaps(route.subnet) }
            if ours || hit.isEmpty { continue }
            culprits.append(route)
            blocked.formUnion(hit.map { $0.base.octets[2] })
        }
        guard !culprits.isEmpty else {
            return Finding(id, .ok, title, "none overlaps 192.168.200.0/24 to 192.168.255.0/24; \(held.count) of \(all.count) leased")
        }
        let free = all.count - blocked.union(held).count
        let named = culprits.map { "\($0.subnet) over \($0.device)" }.joined(separator: ", ")
        let detail = "\(named) overlaps \(blocked.count) of the \(all.count) subnets that environments lease; \(free) are free"
        let remedy = culprits.map { remedies.root("ip route del \($0.subnet) dev \($0.device)") }
        return free == 0
            ? Finding(id, .failure, title, detail + ". Remove a route you do not need, or give every net its own gw", remedy: remedy)
            : Finding(id, .warning, title, detail + " and those are used. Remove the route only if you do not need it", remedy: remedy)
    }
}
