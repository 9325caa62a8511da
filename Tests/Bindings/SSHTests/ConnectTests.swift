import AtollSSH
import AtollTestSupport
import Testing

@Suite(.enabled(if: TestServer.hasOpenSSH, "needs /usr/sbin/sshd (openssh-server)"), .timeLimit(.minutes(1)))
struct ConnectTests {
    @Test func aHostKeyThatIsNotTheKnownOneIsRefusedWithBothFingerprints() async throws {
        let server = try await TestServer(.openSSH)
        let other = try KeyPair.ed25519(comment: "")
        var hosts = KnownHosts()
        hosts.add(other.publicKey, hosts: [server.endpoint.host], port: server.endpoint.port)
        let error = await #expect(throws: SSHError.self) { try await server.connect(hostKeys: .known(hosts)) }
        #expect(error?.code == .hostKeyMismatch)
        #expect(error?.message.contains(other.fingerprint) == true)
        #expect(error?.message.contains(server.hostKey.fingerprint) == true)
    }

    @Test func anUnknownHostIsRefusedUnlessAnyKeyIsAccepted() async throws {
        let server = try await TestServer(.openSSH)
        let error = await #expect(throws: SSHError.self) { try await server.connect(hostKeys: .known(KnownHosts())) }
        #expect(error?.code == .hostKeyUnknown)
        let session = try await server.connect(hostKeys: .acceptAny)
        #expect(await session.hostKey == server.hostKey.publicKey)
        await session.close()
    }

    @Test func aRefusedLoginSaysWhatWasTriedAndWhatIsAccepted() async throws {
        let server = try await TestServer(.openSSH)
        let stranger = try KeyPair.ed25519(comment: "")
        let error = await #expect(throws: SSHError.self) { try await server.connect(key: stranger, password: "wrong") }
        #expect(error?.code == .authentication)
        #expect(error?.message.contains("publickey, password") == true)
        #expect(error?.message.contains(stranger.fingerprint) == true)
        #expect(error?.message.contains("and the password") == true)
    }

    @Test func anRSAKeyIsRefusedByTodaysServersAndTheReasonIsGiven() async throws {
        let key = try KeyPair.rsa(comment: "")
        let server = try await TestServer(.openSSH, userKey: key)
        let error = await #expect(throws: SSHError.self) { try await server.connect() }
        #expect(error?.code == .authentication)
        #expect(error?.message.contains("OpenSSH 8.8") == true)
    }

    @Test func anRSAKeyServesOldServers() async throws {
        let key = try KeyPair.rsa(comment: "")
        let server = try await TestServer(.openSSH, userKey: key, options: ["PubkeyAcceptedAlgorithms +ssh-rsa"])
        let session = try await server.connect()
        #expect(try await session.capture("echo old").output == Array("old\n".utf8))
        await session.close()
    }

    @Test func aClosedPortIsRefusedAtOnce() async throws {
        let endpoint = Endpoint(host: "127.0.0.1", port: TestServer.freePort())
        let error = await #expect(throws: SSHError.self) {
            try await Session.connect(to: endpoint, as: Credentials(), hostKeys: .acceptAny)
        }
        #expect(error?.code == .refused)
    }

    @Test func aServerThatSaysNothingEndsByTheTimeout() async throws {
        let mute = try MuteListener()
        let began = ContinuousClock.now
        let error = await #expect(throws: SSHError.self) {
            try await Session.connect(to: mute.endpoint, as: Credentials(), hostKeys: .acceptAny, timeout: .milliseconds(150))
        }
        #expect(error?.code == .timedOut)
        #expect(ContinuousClock.now - began < .seconds(15))
    }

    @Test func cancellingEndsAConnectionAttempt() async throws {
        let mute = try MuteListener()
        let attempt = Task {
            try await Session.connect(to: mute.endpoint, as: Credentials(), hostKeys: .acceptAny, timeout: .seconds(60))
        }
        await mute.accepted()
        attempt.cancel()
        let error = await #expect(throws: SSHError.self) { try await attempt.value }
        #expect(error?.code == .cancelled)
    }
}
