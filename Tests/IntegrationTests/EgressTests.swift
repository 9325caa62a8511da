import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Glibc
import Testing

extension IntegrationTests {
    /// What guests reach: a network namespace stands in for the outside, and a server of the host's for the host.
    @Suite(.serialized) struct EgressTests {
        @Test(.timeLimit(.minutes(10))) func guestsReachWhatTheirNetworkSays() async throws {
            let outside = try await Outside()
            defer { outside.close() }
            let product = try Product()
            func machine(_ name: String, _ net: String) -> String {
                "  \(name): {memory: 128, vcpu: 1, nics: [{net: \(net)}], "
                    + "disks: [{template_name: tiny, type: template, name: root, dev: vda, format: qcow2}]}\n"
            }
            let file = try product.workspace.write(
                "egress.yaml",
                "domains:\n" + machine("some", "listed") + machine("peer", "listed") + machine("none", "closed") + machine("all", "open")
                    + """
                    nets:
                      listed: {type: nat, management: true, egress: ["10.9.0.2:8081", "10.9.0.4/31", "gateway:8090"]}
                      closed: {type: nat, management: true, egress: off}
                      open: {type: nat, management: true, egress: on}
                    """)
            try await product.succeed("up", file)
            let other = try Product()
            let wide = try other.workspace.write(
                "wide.yaml",
                "domains:\n" + machine("wide", "n") + "nets: {n: {type: nat, management: true, egress: [0.0.0.0/0]}}\n")
            try await other.succeed("up", wide)

            let address = try await ["some", "none", "all"].asyncMap { try await product.address(of: $0) }
            let some = address[0]
            func gateway(_ address: String) -> String { address.split(separator: ".").dropLast().joined(separator: ".") + ".1" }
            let wideAddress = try await other.address(of: "wide")
            // Host, port, and who gets there.
            let expected: [(host: String, port: Int, some: Bool, all: Bool, wide: Bool)] = [
                ("10.9.0.2", 8081, true, true, true), ("10.9.0.2", 8082, false, true, true), ("10.9.0.3", 8081, false, true, true),
                ("10.9.0.4", 8081, true, true, true), ("10.9.0.5", 8082, true, true, true),
                // The host's own addresses: a wide opening does not open them.
                (gateway(some), 8090, true, true, false), (gateway(some), 8091, false, true, false), ("10.9.0.1", 8090, false, true, false),
                (gateway(wideAddress), 8090, false, true, false),
            ]
            let places = expected.map { "\($0.host) \($0.port)" }
            let guests = ["some", "none", "all"]
            for (guest, opens) in [("some", expected.map(\.some)), ("none", expected.map { _ in false }), ("all", expected.map(\.all))] {
                let wanted = zip(places, opens).filter(\.1).map(\.0)
                // Names and the other guests of the network are there whatever is closed; guests of other networks never are, for whom the
                // firewall of the host is not open either.
                let others = guests.filter { $0 != guest }.map { "\(address[guests.firstIndex(of: $0) ?? 0]) 22" } + ["\(wideAddress) 22"]
                let peers = guest == "some" ? ["peer 22"] : []
                #expect(try await product.reached(from: guest, places + others + peers) == Set(wanted + peers), "\(guest)")
                let own = address[guests.firstIndex(of: guest) ?? 0]
                #expect(try await product.succeed("shell", guest, "-c", "nslookup \(guest)").contains(own))
            }
            // However wide an opening is, it does not open the guests of other environments.
            let wanted = zip(places, expected.map(\.wide)).filter(\.1).map(\.0)
            #expect(try await other.reached(from: "wide", places + address.map { "\($0) 22" }) == Set(wanted))

            // A filter goes with its network, and comes back with it.
            #expect(try Self.filters().count == 3)
            try await product.succeed("stop", "none")
            #expect(try Self.filters().count == 2)
            try await product.succeed("start", "none")
            #expect(try Self.filters().count == 3)
            try await product.succeed("destroy", "--yes")
            try await other.succeed("destroy", "--yes")
            #expect(try Product.leftovers() == [])
        }

        /// A filter outlives a crash of libvirtd and a verb that was killed: destroy finds it by its name.
        @Test(.timeLimit(.minutes(8))) func aCrashLeavesNoFilterBehind() async throws {
            let product = try Product()
            let file = try product.workspace.write(
                "closed.yaml",
                """
                domains: {a: {memory: 128, vcpu: 1, nics: [{net: n}], disks: [{template_name: tiny, type: template, name: root, dev: vda, format: qcow2}]}}
                nets: {n: {type: nat, management: true, egress: off}}
                """)
            try await product.succeed("init", product.workdir, file)
            for moment in ["after:filter:n", "before:network:n", "after:network:n", "before:domain:a"] {
                let killed = try await product.run(["start"], environment: ["ATOLL_FAILPOINTS": "\(moment)=kill"])
                #expect(killed.status == 137, "\(moment) \(killed)")
                #expect(try Self.filters().count == 1, "\(moment)")
            }
            try await product.succeed("destroy", "--yes")
            #expect(try Product.leftovers() == [])
        }

        static func filters() throws -> [String] {
            try Directories.list("/etc/libvirt/nwfilter").filter { $0.hasPrefix("atoll-") }
        }
    }
}

/// Everything beyond this host: a network namespace with addresses 10.9.0.2 to 10.9.0.5 that serves files on 8081 and 8082; the host itself
/// is 10.9.0.1 and serves on 8090 and 8091.
struct Outside {
    private let space: Workspace
    private let servers: [Process]

    /// - Parameters:
    ///   - name: each has its own: what one leaves may still be going away.
    ///   - subnet: the first three numbers of its addresses.
    init(_ name: String = "outside", subnet: String = "10.9.0") async throws {
        space = try Workspace(name)
        try space.write("index.html", "served\n")
        _ = try await Tool.output("ip", ["netns", "delete", name])
        let (near, far) = (name + "0", name + "1")
        for words in [
            "netns add \(name)", "link add \(near) type veth peer name \(far) netns \(name)", "addr add \(subnet).1/24 dev \(near)",
            "link set \(near) up", "-n \(name) link set lo up", "-n \(name) link set \(far) up",
        ] + (2...5).map({ "-n \(name) addr add \(subnet).\($0)/24 dev \(far)" }) + ["-n \(name) route add default via \(subnet).1"] {
            try await Tool.run("ip", words.split(separator: " ").map(String.init))
        }
        servers = try [(8081, true), (8082, true), (8090, false), (8091, false)].map { [space] port, isOutside in
            let server = Process()
            server.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            server.arguments =
                (isOutside ? ["ip", "netns", "exec", name] : []) + [
                    "python3", "-m", "http.server", "\(port)", "--directory", space.path,
                ]
            server.standardOutput = FileHandle.nullDevice
            server.standardError = FileHandle.nullDevice
            try server.run()
            return server
        }
    }

    /// The namespace stays until the host of the tests goes.
    func close() {
        // They inherit what this process does about gentler signals.
        for server in servers { kill(server.processIdentifier, SIGKILL) }
    }
}

extension Product {
    func address(of machine: String) async throws -> String {
        let text = try await succeed("shell", machine, "-c", "ip -4 -o addr show eth0")
        let words = text.split(separator: " ")
        let place = try #require(words.firstIndex(of: "inet"))
        return String(words[place + 1].split(separator: "/")[0])
    }

    /// Those of the places (`HOST PORT`) that a guest gets an answer from, asked all at once.
    func reached(from machine: String, _ places: [String]) async throws -> Set<String> {
        let questions = places.map { place in
            "(printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 6 \(place) 2>/dev/null | grep -qE 'served|SSH-2' && echo '\(place)') &"
        }
        let answer = try await succeed("shell", machine, "-c", questions.joined(separator: " ") + " wait")
        return Set(answer.split(separator: "\n").map(String.init))
    }
}

extension Array {
    fileprivate func asyncMap<T>(_ transform: (Element) async throws -> T) async throws -> [T] {
        var all: [T] = []
        for element in self { all.append(try await transform(element)) }
        return all
    }
}
