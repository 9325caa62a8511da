import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Testing

/// The built binary, run as a user would, in a workspace of its own. Integration tests boot real machines, so they run only inside
/// `scripts/in-sandbox` (ATOLL_INTEGRATION=1), where scripts/test runs them; missing parts are failures there, never skips.
struct Product {
    let workspace: Workspace
    let binary: String

    /// Root of the checkout: init examples and templates are taken from it.
    static let root = Checkout.root
    static var isOn: Bool { ProcessInfo.processInfo.environment["ATOLL_INTEGRATION"] == "1" }

    init() throws {
        binary = try #require(ProcessInfo.processInfo.environment["ATOLL_BINARY"], "ATOLL_BINARY must name the built atoll")
        workspace = try Workspace("atoll-it")
    }

    /// Runs `atoll ARGUMENTS` on the workspace's workdir.
    @discardableResult
    func run(_ arguments: String..., environment: [String: String] = [:]) async throws -> Tool.Output {
        try await run(arguments, environment: environment)
    }

    func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Tool.Output {
        var variables = ["ATOLL_SHARE": Self.root, "HOME": workspace.path, "ATOLL_WORKDIR_PATH": workdir]
        variables.merge(environment) { _, new in new }
        return try await Tool.output(binary, arguments, environment: variables)
    }

    /// Runs and requires success; the error carries what was printed.
    @discardableResult
    func succeed(_ arguments: String...) async throws -> String {
        let result = try await run(arguments)
        try #require(
            result.status == 0,
            "atoll \(arguments.joined(separator: " ")): \(result.status)\n\(result.standardError)\(result.standardOutput)")
        return result.standardOutput
    }

    var workdir: String { workspace.path + "/w" }

    /// What is on this (private) host that an environment could have left: libvirt's own records, bridges, leases, images, registry.
    static func leftovers() throws -> [String] {
        var found = try Directories.list("/run/libvirt/qemu").filter { $0.hasSuffix(".xml") }.map { "domain \($0)" }
        found += try Directories.list("/run/libvirt/network").filter { $0.hasSuffix(".xml") }.map { "network \($0)" }
        found += try Directories.list("/sys/class/net").filter { $0.hasPrefix("at") || $0.hasPrefix("vnet") }.map { "device \($0)" }
        found += try Directories.list("/etc/libvirt/nwfilter").filter { $0.hasPrefix("atoll-") }.map { "filter \($0)" }
        found += try Directories.list("/var/lib/lago/subnets").filter { $0.hasSuffix(".lease") }.map { "lease \($0)" }
        found += try Directories.list("/var/lib/atoll/images").map { "images \($0)" }
        found += try Directories.list("/var/lib/atoll/prefixes").map { "registry \($0)" }
        return found
    }
}

/// All integration tests run one after another: they share one libvirtd and two cores.
@Suite(.serialized, .enabled(if: Product.isOn, "run them with scripts/test, inside scripts/in-sandbox")) enum IntegrationTests {}
