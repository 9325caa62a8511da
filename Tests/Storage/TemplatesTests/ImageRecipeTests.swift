import AtollModel
import AtollPlatform
import AtollTestSupport
import Foundation
import OrderedCollections
import Testing

@testable import AtollTemplates

@Suite struct ImageRecipeTests {
    private static let whole = """
        {
            "name": "mine", "description": "d", "version": "3", "arch": "x86_64", "suite": "bookworm", "variant": "minbase",
            "packages": ["a", "b"], "kernel-arguments": "quiet", "disk-size": "512M", "metadata": {"distro": "debian"}
        }
        """

    private static let shipped =
        Checkout.root + "/templates/images"

    @Test func everyShippedRecipeLoads() throws {
        let names = try ImageRecipe.available(in: Self.shipped)
        #expect(names == ["debian-12", "debian-12-cloud", "tiny"])
        for name in names {
            let recipe = try ImageRecipe.load(directory: Self.shipped + "/" + name)
            #expect(recipe.name == name)
            #expect(recipe.imageMetadata["distro"]?.text?.isEmpty == false)
            // A recipe must be as good on a host with KVM.
            #expect(!recipe.kernelArguments.contains("tsc") && !recipe.kernelArguments.contains("no_timer_check"))
            for layer in recipe.layerDirectories {
                for script in ["prepare", "customize"] where SystemCall.exists(layer + "/" + script) {
                    #expect(access(layer + "/" + script, X_OK) == 0, "\(layer)/\(script) is not executable")
                }
            }
        }
    }

    @Test func aRecipeIsReadWhole() throws {
        let workspace = try Workspace()
        try workspace.write("mine/recipe.json", Self.whole)
        let recipe = try ImageRecipe.load(directory: workspace.path + "/mine")
        #expect(recipe.packages == ["a", "b"])
        #expect(recipe.diskSize == ByteSize(512 << 20))
        #expect(recipe.imageMetadata["version"]?.text == "3")
        #expect(recipe.imageMetadata["distro"]?.text == "debian")
    }

    @Test func everyMistakeIsNamedWithItsPlace() throws {
        let workspace = try Workspace()
        try workspace.write(
            "mine/recipe.json",
            """
            { "name": "other", "description": "d", "version": "1", "arch": "x86_64", "variant": "minbase",
              "packages": "a", "kernel-arguments": "quiet", "disk-size": "big", "layers": ["nowhere"], "prune": ["a/../b"], "pakages": [] }
            """)
        let error = #expect(throws: InvalidInput.self) { try ImageRecipe.load(directory: workspace.path + "/mine") }
        let text = error?.description ?? ""
        for part in [
            "“suite” is missing", "packages: a list", "“big” is no size", "no folder nowhere", "name is “other”", "“a/../b”", "“pakages”",
        ] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
        #expect(text.contains("mine/recipe.json:2:"))
    }

    @Test func aFolderWithoutARecipeIsNotOne() throws {
        let workspace = try Workspace()
        try workspace.write("mine/recipe.json", Self.whole)
        try workspace.write("common/seed", "")
        #expect(try ImageRecipe.available(in: workspace.path) == ["mine"])
        #expect(throws: TemplateError.self) { try ImageRecipe.load(directory: workspace.path + "/common") }
        let error = #expect(throws: TemplateError.self) { try ImageBuilder(directory: workspace.path, forceTCG: true).recipe("tinny") }
        #expect(error?.message.contains("there are: mine") == true)
    }

    @Test func theDigestFollowsContentsModesAndHooks() throws {
        let workspace = try Workspace()
        try workspace.write("mine/recipe.json", Self.whole)
        let script = try workspace.write("mine/customize", "true\n")
        let recipe = try ImageRecipe.load(directory: workspace.path + "/mine")
        let first = try recipe.digest()
        chmod(script, 0o755)
        let second = try recipe.digest()
        try workspace.write("hooks/finish", "x")
        #expect(first != second)
        #expect(try recipe.digest() != second)
        #expect(try recipe.digest() == recipe.digest())
    }
}
