import AtollPlatform
import AtollTestSupport
import Foundation
import Testing

extension IntegrationTests {
    /// What guests reach: a network namespace stands in for the outside, and a server of the host's for the host.
    @Suite(.serialized) struct EgressTests {
        @Test(.timeLimit(.minutes(10))) func guestsReachWhatTheirNetworkSays() async throws {
            let outside = try await Outside()
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
            let (some, none, all) = (address[0], address[1], address[2])
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
            for place in expected {
                #expect(try await product.reaches("some", place.host, place.port) == place.some, "some \(place)")
                #expect(try await product.reaches("none", place.host, place.port) == false, "none \(place)")
                #expect(try await product.reaches("all", place.host, place.port) == place.all, "all \(place)")
                #expect(try await other.reaches("wide", place.host, place.port) == place.wide, "wide \(place)")
            }
            // The guests of one network reach each other, and names resolve, whatever is closed.
            #expect(try await product.reaches("some", "peer", 22, saying: "SSH-2.0"))
            let lookup = try await product.run("shell", "none", "-c", "nslookup all")
            #expect(lookup.standardOutput.contains(all), "\(lookup)")
            // Guests of different networks and environments never do, however wide an opening is.
            for (from, to) in [("some", none), ("none", some), ("all", some), ("all", wideAddress), ("some", wideAddress)] {
                #expect(try await product.reaches(from, to, 22, saying: "SSH-2.0") == false, "\(from) \(to)")
            }
            for to in [some, none, all] { #expect(try await other.reaches("wide", to, 22, saying: "SSH-2.0") == false, "wide \(to)") }

            // A filter goes with its network, and comes back with it.
            #expect(try Self.filters().count == 3)
            try await product.succeed("stop", "none")
            #expect(try Self.filters().count == 2)
            try await product.succeed("start", "none")
            #expect(try Self.filters().count == 3)
            try await product.succeed("destroy", "--yes")
            try await other.succeed("destroy", "--yes")
            #expect(try Product.leftovers() == [])
            try await outside.close()
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
                _ = try await product.run(["start"], environment: ["ATOLL_FAILPOINTS": "\(moment)=kill"])
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
private struct Outside {
    private let space: Workspace
    private let servers: [Process]

    init() async throws {
        space = try Workspace("outside")
        try space.write("index.html", "served\n")
        for words in [
            "netns add outside", "link add outside0 type veth peer name outside1 netns outside", "addr add 10.9.0.1/24 dev outside0",
            "link set outside0 up", "-n outside link set lo up", "-n outside link set outside1 up",
            "-n outside addr add 10.9.0.2/24 dev outside1",
            "-n outside addr add 10.9.0.3/24 dev outside1", "-n outside addr add 10.9.0.4/24 dev outside1",
            "-n outside addr add 10.9.0.5/24 dev outside1", "-n outside route add default via 10.9.0.1",
        ] {
            try await Tool.run("ip", words.split(separator: " ").map(String.init))
        }
        servers = try [(8081, true), (8082, true), (8090, false), (8091, false)].map { [space] port, isOutside in
            let server = Process()
            server.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            server.arguments =
                (isOutside ? ["ip", "netns", "exec", "outside"] : []) + [
                    "python3", "-m", "http.server", "\(port)", "--directory", space.path,
                ]
            server.standardOutput = FileHandle.nullDevice
            server.standardError = FileHandle.nullDevice
            try server.run()
            return server
        }
    }

    func close() async throws {
        for server in servers {
            server.terminate()
            server.waitUntilExit()
        }
        try await Tool.run("ip", ["netns", "delete", "outside"])
    }
}

extension Product {
    func address(of machine: String) async throws -> String {
        let text = try await succeed("shell", machine, "-c", "ip -4 -o addr show eth0")
        let words = text.split(separator: " ")
        let place = try #require(words.firstIndex(of: "inet"))
        return String(words[place + 1].split(separator: "/")[0])
    }

    /// Whether a guest gets an answer from there.
    func reaches(_ machine: String, _ host: String, _ port: Int, saying text: String = "served") async throws -> Bool {
        let result = try await run("shell", machine, "-c", "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 \(host) \(port) 2>/dev/null")
        return result.standardOutput.contains(text)
    }
}

extension Array {
    fileprivate func asyncMap<T>(_ transform: (Element) async throws -> T) async throws -> [T] {
        var all: [T] = []
        for element in self { all.append(try await transform(element)) }
        return all
    }
}
