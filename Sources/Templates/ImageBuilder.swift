public import AtollModel
public import OrderedCollections

/// The recipes of one directory, as the catalog builds them on first use.
public struct ImageBuilder: RecipeBuilder {
    /// The directory whose folders are recipes.
    public let directory: String
    /// Whether the appliance must not use KVM.
    public let forceTCG: Bool

    public init(directory: String, forceTCG: Bool) {
        self.directory = directory
        self.forceTCG = forceTCG
    }

    /// - Throws: `.unknownTemplate` naming the recipes there are.
    func recipe(_ name: String) throws -> ImageRecipe {
        let names = try ImageRecipe.available(in: directory)
        guard names.contains(name) else {
            throw TemplateError(
                .unknownTemplate,
                "there is no image recipe “\(name)” in \(directory); there \(names.isEmpty ? "are none" : "are: " + names.joined(separator: ", "))"
            )
        }
        return try ImageRecipe.load(directory: directory + "/" + name)
    }

    public func summary(of recipe: String) throws -> RecipeSummary {
        let recipe = try self.recipe(recipe)
        return RecipeSummary(name: recipe.name, version: recipe.version, digest: try recipe.digest(), metadata: recipe.imageMetadata)
    }

    public func build(_ recipe: String, to path: String, line: @escaping @Sendable (String) -> Void) async throws -> OrderedDictionary<
        String, Value
    > {
        try await ImageBuild.build(try self.recipe(recipe), to: path, forceTCG: forceTCG) { phase, _ in line(phase) }
    }
}
