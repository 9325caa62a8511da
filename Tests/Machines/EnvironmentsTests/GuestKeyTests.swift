import AtollHostPorts
import AtollGuestAccess
import AtollHostFakes
import AtollModel
import AtollPlatform
import AtollSSH
import AtollTestSupport
import OrderedCollections
import Testing

@testable import AtollLibvirtHost
@testable import AtollEnvironments

/// Which keys of a prefix are offered to guests, and which are written into them.
@Suite struct GuestKeyTests {
    private let workspace: Workspace
    private var files: PrefixFiles { PrefixFiles(path: workspace.path) }
    private let own: KeyPair
    private let rsa: KeyPair

    init() throws {
        workspace = try Workspace("keys")
        own = try KeyPair.ed25519(comment: "own")
        rsa = try KeyPair.rsa(bits: 2048, comment: "old")
    }

    private func write(_ key: KeyPair, _ path: String) throws {
        try AtomicFile.write(key.privateText, to: path)
        try AtomicFile.write(key.publicLine + "\n", to: path + ".pub")
    }

    @Test func aRealRSAKeyIsUsedBesideOurs() throws {
        try write(own, files.privateKey)
        try write(rsa, files.legacyPrivateKey)
        #expect(try SSHGuestConnector.keys(of: files).map(\.fingerprint) == [own.fingerprint, rsa.fingerprint])
        #expect(try IdentityPreparer.authorizedKeys(files) == [own.publicLine, rsa.publicLine])
    }

    @Test func aLinkWithTheOldNameIsNoSecondKey() throws {
        try write(own, files.privateKey)
        try SymbolicLink.make(files.legacyPrivateKey, to: "id_ed25519")
        try SymbolicLink.make(files.legacyPublicKey, to: "id_ed25519.pub")
        #expect(try SSHGuestConnector.keys(of: files).map(\.fingerprint) == [own.fingerprint])
        #expect(try IdentityPreparer.authorizedKeys(files) == [own.publicLine])
    }

    @Test func anEnvironmentOfLagoHasOnlyTheOldKey() throws {
        try write(rsa, files.legacyPrivateKey)
        #expect(try SSHGuestConnector.keys(of: files).map(\.fingerprint) == [rsa.fingerprint])
    }

    @Test func oneAttemptTakesAsLongAsFlagsAndEmulationSay() {
        #expect(SSHGuestConnector(defaults: .init(attemptSeconds: 7), accelerator: .tcg).attempt == .seconds(28))
        #expect(SSHGuestConnector(defaults: .init(attemptSeconds: 7), accelerator: .kvm).attempt == .seconds(7))
    }

    @Test func aShellThatReachesNobodySaysHowToWait() async throws {
        let fake = try FakeHost()
        let request = try fake.request()
        let environment = try await InitUseCase(host: try fake.host(), context: VerbContext(verb: "init")).run(request)
        try write(own, files.privateKey)
        var machine = try #require(environment.machines["a"])
        // No connection to the broadcast address ever leaves the host.
        for index in machine.nics.indices { machine.nics[index].address = IPv4Address(rawValue: .max) }
        let connector = SSHGuestConnector(defaults: .init(attemptSeconds: 1), accelerator: .kvm)
        let error = await #expect(throws: GuestAccessError.self) {
            try await connector.shell(machine, of: environment, files: files, command: .line("true"))
        }
        #expect(error?.code == .unreachable && error?.message.hasSuffix("; wait for it with: atoll wait a") == true)
    }

    @Test func aConsoleSaysWhatToDoWithoutLibvirt() async throws {
        let console = LibvirtConsoleHost(LibvirtLink(uri: "qemu+unix:///system?socket=/nonexistent/socket"))
        var generator = SystemRandomNumberGenerator()
        let id = PrefixID(using: &generator)
        let error = await #expect(throws: EnvironmentError.self) { _ = try await console.open("vm", owner: id) }
        #expect(error?.message.contains("atoll doctor") == true, "\(String(describing: error))")
    }
}
