import AtollSSH
import AtollTestSupport
import Foundation
import Glibc
import Synchronization
import Testing

@Suite(.enabled(if: TestServer.hasOpenSSH, "needs /usr/sbin/sshd (openssh-server)"), .timeLimit(.minutes(1)))
struct RunTests {
    /// As a pipe, but not inherited by the servers that other tests start meanwhile.
    private func connectedPair() -> (Int32, Int32) {
        var pair: [Int32] = [0, 0]
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair)
        return (pair[0], pair[1])
    }

    @Test func oneConnectionServesManyCommands() async throws {
        let server = try await TestServer.shared()
        let session = try await server.connect()
        for number in 1...5 {
            let result = try await session.capture("echo out \(number); echo err \(number) >&2; exit \(number)")
            #expect(result.exit == .status(Int32(number)))
            #expect(String(decoding: result.output, as: UTF8.self) == "out \(number)\n")
            #expect(String(decoding: result.errors, as: UTF8.self) == "err \(number)\n")
        }
        await session.close()
        #expect(await session.isOpen == false)
        let error = await #expect(throws: SSHError.self) { try await session.capture("true") }
        #expect(error?.code == .disconnected)
    }

    @Test func aCommandEndedByASignalSaysWhich() async throws {
        let server = try await TestServer.shared()
        let session = try await server.connect()
        let result = try await session.capture("kill -KILL $$")
        #expect(result.exit == .signal("KILL"))
        #expect(result.exit.code == 137)
    }

    @Test func inputReachesTheCommandAndEnds() async throws {
        let server = try await TestServer.shared()
        let session = try await server.connect()
        #expect(try await session.capture("cat", input: .bytes(Array("hello\n".utf8))).output == Array("hello\n".utf8))
        #expect(try await session.capture("cat", input: .none).output.isEmpty)
        let (reading, writing) = connectedPair()
        _ = Array("from a pipe".utf8).withUnsafeBytes { write(writing, $0.baseAddress, $0.count) }
        close(writing)
        #expect(try await session.capture("cat; echo ' end'", input: .descriptor(reading)).output == Array("from a pipe end\n".utf8))
        close(reading)
    }

    @Test func aCommandThatIgnoresItsInputStillEnds() async throws {
        let server = try await TestServer.shared()
        let session = try await server.connect()
        let result = try await session.capture("exit 3", input: .bytes([UInt8](repeating: 1, count: 8 << 20)))
        #expect(result.exit == .status(3))
        #expect(try await session.capture("echo still here").exit == .status(0))
    }

    @Test func aCommandThatClosesItsOutputStillGetsItsInput() async throws {
        let server = try await TestServer.shared()
        let session = try await server.connect()
        let target = server.workspace.path + "/copied-\(UUID())"
        let bytes = [UInt8](repeating: 7, count: 5 << 20)
        #expect(try await session.capture("exec >&- 2>&-; cat > '\(target)'", input: .bytes(bytes)).exit == .status(0))
        #expect(try Data(contentsOf: URL(filePath: target)).count == bytes.count)
    }

    @Test func muchDataBothWaysAtOnceNeitherStopsNorChanges() async throws {
        let server = try await TestServer.shared()
        let session = try await server.connect()
        var generator = SeededGenerator(seed: 20)
        let bytes = (0..<(4 << 20) / 8).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } }
        let result = try await session.capture("cat", input: .bytes(bytes), limit: 8 << 20)
        #expect(result.output == bytes)
    }

    @Test func mergedErrorsKeepTheOrderTheyWereWrittenIn() async throws {
        let server = try await TestServer.shared()
        let session = try await server.connect()
        let seen = Mutex("")
        let line = "for i in 1 2 3 4 5 6; do echo o$i; echo e$i >&2; done"
        _ = try await session.run(Command("exec 2>&1; " + line, mergesErrors: true)) { _, bytes in
            seen.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
        }
        #expect(seen.withLock { $0 } == (1...6).map { "o\($0)\ne\($0)\n" }.joined())
    }

    @Test func endlessOutputIsCutByTheTimeoutAndByCancellation() async throws {
        let server = try await TestServer.shared()
        let session = try await server.connect()
        let error = await #expect(throws: SSHError.self) { try await session.capture("yes", timeout: .milliseconds(100), limit: 10) }
        #expect(error?.code == .deadline)
        let again = try await server.connect()
        let began = Mutex(false)
        let task = Task { try await again.run(Command("yes")) { _, _ in began.withLock { $0 = true } } }
        #expect(await eventually { began.withLock { $0 } })
        task.cancel()
        let cancelled = await #expect(throws: SSHError.self) { try await task.value }
        #expect(cancelled?.code == .cancelled)
    }

    @Test func aSilentCommandEndsByItsTimeoutAndTheConnectionLivesOn() async throws {
        let server = try await TestServer.shared()
        let session = try await server.connect()
        let (silent, other) = connectedPair()
        defer { for descriptor in [silent, other] { close(descriptor) } }
        let error = await #expect(throws: SSHError.self) {
            try await session.capture("exec cat", input: .descriptor(silent), timeout: .milliseconds(100))
        }
        #expect(error?.code == .deadline)
        if await session.isOpen { #expect(try await session.capture("echo alive").exit == .status(0)) }
    }

    @Test func anOutputThatCannotBePassedOnEndsTheCommand() async throws {
        struct Full: Error {}
        let server = try await TestServer.shared()
        let session = try await server.connect()
        let error = await #expect(throws: SSHError.self) { try await session.run(Command("yes")) { _, _ in throw Full() } }
        #expect(error?.code == .local)
    }

    @Test func aServerThatDiesIsADisconnectionNotAnExit() async throws {
        let server = try await TestServer.shared()
        let session = try await server.connect()
        let error = await #expect(throws: SSHError.self) { try await session.capture("kill -KILL $PPID; sleep 5") }
        #expect(error?.code == .disconnected)
        #expect(await session.isOpen == false)
    }

    @Test func filesGoUpAndDownOverSFTP() async throws {
        let server = try await TestServer.shared()
        let session = try await server.connect()
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7 + $0 >> 8) }
        let local = server.workspace.path + "/local"
        try Data(bytes).write(to: URL(filePath: local))
        let descriptor = open(local, O_RDONLY)
        defer { close(descriptor) }
        try await session.upload(from: descriptor, to: server.workspace.path + "/remote", mode: 0o600)
        let got = Mutex<[UInt8]>([])
        try await session.download(server.workspace.path + "/remote") { piece in got.withLock { $0 += piece } }
        #expect(got.withLock { $0 } == bytes)
        let error = await #expect(throws: SSHError.self) { try await session.download("/no/such/file") { _ in } }
        #expect(error?.code == .remoteFile)
        #expect(error?.description.contains("no such file") == true)
        #expect(try await session.capture("echo still here").exit == .status(0))
    }
}

extension RunTests {
    @Test("a host that allows one session at a time runs one command after the other, and files between them") func oneAtATime()
        async throws
    {
        let server = try await TestServer(.openSSH, options: ["MaxSessions 1"])
        let session = try await server.connect()
        for number in 1...10 {
            #expect(try await session.capture("echo \(number)").output == Array("\(number)\n".utf8))
            let got = Mutex<[UInt8]>([])
            if number % 3 == 0 { try await session.download("/etc/hostname") { piece in got.withLock { $0 += piece } } }
        }
    }

    @Test("a host that allows no session says so at once") func none() async throws {
        let server = try await TestServer(.openSSH, options: ["MaxSessions 0"])
        let session = try await server.connect()
        let begin = ContinuousClock.now
        let error = await #expect(throws: SSHError.self) { try await session.capture("true") }
        #expect(error?.code == .channel && ContinuousClock.now - begin < .seconds(2))
    }

    @Test func aHostWithoutSFTPIsToldFromAMissingFile() async throws {
        let server = try await TestServer(.openSSH, options: ["#Subsystem"])
        let session = try await server.connect()
        let error = await #expect(throws: SSHError.self) { try await session.download("/etc/hostname") { _ in } }
        #expect(error?.code == .channel)
        #expect(try await session.capture("echo again").exit == .status(0))
    }
}

@Suite(.enabled(if: TestServer.hasDropbear, "needs /usr/sbin/dropbear and root"), .timeLimit(.minutes(1)))
struct DropbearTests {
    @Test func dropbearTakesOurKeyAndRunsCommands() async throws {
        let server = try await TestServer(.dropbear)
        let session = try await server.connect()
        let bytes = [UInt8](repeating: 9, count: 3 << 20)
        #expect(try await session.capture("cat; exit 7", input: .bytes(bytes)).exit == .status(7))
        #expect(try await session.capture("kill -TERM $$").exit == .signal("TERM"))
        await session.close()
    }
}
