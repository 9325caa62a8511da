import AtollCommands
import AtollPlatform
import Testing

extension IntegrationTests {
    /// SIGKILL at named points of a real two-VM environment: the verb again completes, destroy then leaves nothing.
    @Suite(.serialized) struct CrashTests {
        private static let file = "\(Product.root)/init-examples/two-vms.yaml"

        @Test(
            .timeLimit(.minutes(5)),
            arguments: [
                "before:prefix", "after:prefix", "after:lease:*", "after:disk:*", "before:seed:vm-b", "before:save", "after:save",
            ])
        func initIsRepeatable(_ point: String) async throws {
            let product = try Product()
            let killed = try await product.run("init", product.workdir, Self.file, environment: ["ATOLL_FAILPOINTS": "\(point)=kill"])
            #expect(killed.status == 137, "\(killed)")
            if point != "after:save" { try await product.succeed("init", product.workdir, Self.file) }
            try await product.succeed("destroy", "--yes")
            #expect(try Product.leftovers() == [])
            #expect(!SystemCall.exists(product.workdir))
        }

        @Test(.timeLimit(.minutes(5)), arguments: ["before:save", "after:disk:*"])
        func aKilledInitCanBeDestroyed(_ point: String) async throws {
            let product = try Product()
            _ = try await product.run("init", product.workdir, Self.file, environment: ["ATOLL_FAILPOINTS": "\(point)=kill"])
            try await product.succeed("destroy", "--yes")
            #expect(try Product.leftovers() == [])
        }

        @Test(
            .timeLimit(.minutes(5)),
            arguments: [
                ("start", "after:network:*"), ("start", "before:domain:vm-a"), ("start", "after:domain:vm-a"), ("stop", "after:domain:*"),
                ("stop", "before:network:*"), ("destroy", "after:leases"), ("destroy", "after:images"), ("destroy", "before:prefix"),
            ])
        func lifeIsRepeatable(_ verb: String, _ point: String) async throws {
            let product = try Product()
            try await product.succeed("init", product.workdir, Self.file)
            if verb != "start" { try await product.succeed("start") }
            let words = verb == "destroy" ? ["destroy", "--yes"] : [verb]
            let killed = try await product.run(words, environment: ["ATOLL_FAILPOINTS": "\(point)=kill"])
            #expect(killed.status == 137, "\(killed)")
            let again = try await product.run(words)
            #expect(again.status == 0, "\(again)")
            if verb != "destroy" { try await product.succeed("destroy", "--yes") }
            #expect(try Product.leftovers() == [])
        }
    }
}
