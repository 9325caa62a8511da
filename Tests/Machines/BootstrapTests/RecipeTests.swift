import AtollModel
import AtollTestSupport
import Foundation
import Testing

@testable import AtollBootstrap

@Suite struct RecipeTests {
    /// The recipes that are shipped.
    static let shipped = Checkout.root + "/templates/bootstrap"

    @Test(arguments: [
        (["debian"], "debian"), (["debian12"], "debian"), (["ubuntu22"], "ubuntu"), (["el7", "centos7", "rhel", "fedora"], "base"),
        (["cirros"], "base"), ([], "base"), (["Debian-13"], "debian"), (["mint21", "ubuntu", "debian"], "ubuntu"),
    ]) func choosesByDistroElseBase(_ distros: [String], _ expected: String) throws {
        #expect(try RecipeBook(directory: Self.shipped).recipe(for: distros).name == expected)
    }

    @Test func inheritsWithOwnNetworkRulesFirst() throws {
        let book = try RecipeBook(directory: Self.shipped)
        let base = try #require(book["base"]), ubuntu = try #require(book["ubuntu"])
        #expect(ubuntu.network.first?.style == .netplan)
        #expect(ubuntu.network.suffix(base.network.count) == base.network[...])
        #expect(ubuntu.disable.contains("e2scrub_reap.service"))
        #expect(ubuntu.bootMenuSeconds == 0)
    }

    @Test func aNewDistributionIsANewFile() throws {
        let workspace = try Workspace()
        try workspace.write("base.yaml", "boot-menu-seconds: 0\n")
        try workspace.write(
            "alpine.yaml", "inherits: base\nmatches: [postmarketos]\nnetwork:\n  - style: ifupdown\n    when: {exists: /sbin/ifup}\n")
        let book = try RecipeBook(directory: workspace.path)
        #expect(book.recipe(for: ["postmarketos23"]).name == "alpine")
        #expect(book.recipe(for: ["alpine3.19"]).bootMenuSeconds == 0)
    }

    @Test func everyErrorOfAFileIsLocated() throws {
        let workspace = try Workspace()
        try workspace.write(
            "base.yaml",
            """
            inherit: x
            network:
              - style: wicked
              - when: {exist: /x}
            remove: [/, relative, /etc/../x, "/*"]
            disable: [kdump]
            boot-menu-seconds: soon
            """)
        let error = try #require(throws: InvalidInput.self) { try RecipeBook(directory: workspace.path) }
        let places = error.diagnostics.compactMap(\.position).map(\.line)
        #expect(error.diagnostics.count == 10)
        #expect(places == [1, 3, 4, 4, 5, 5, 5, 5, 6, 7])
        #expect(error.diagnostics[1].description.contains("base.yaml:3:12: network[0].style: allowed are networkd"))
    }

    @Test func refusesCirclesAndMissingAncestors() throws {
        let circle = ["base": Recipe(name: "base"), "a": child("a", of: "b"), "b": child("b", of: "a")]
        #expect { try RecipeBook(circle, directory: "/r") } throws: { "\($0)".contains("in a circle") }
        #expect { try RecipeBook(["base": Recipe(name: "base"), "a": child("a", of: "gone")], directory: "/r") } throws: {
            "\($0)".contains("«a» inherits from «gone»")
        }
        #expect { try RecipeBook([:], directory: "/r") } throws: { "\($0)".contains("no recipe «base»") }
    }

    private func child(_ name: String, of parent: String) -> Recipe {
        var recipe = Recipe(name: name)
        recipe.inherits = parent
        return recipe
    }
}
