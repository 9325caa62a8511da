import AtollSSH
import AtollTestSupport
import Foundation
import Glibc
import Synchronization
import Testing

/// A pair of pseudo-terminal ends: the test plays the person at `person`, the session works on `terminal`.
final class PseudoTerminal: Sendable {
    let person: Int32
    let terminal: Int32
    private let seen = Mutex("")

    init(columns: UInt16, rows: UInt16) throws {
        person = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        // posix_openpt and its kin are not imported: unlock (TIOCSPTLCK) and ask for the number (TIOCGPTN) by hand.
        var zero: Int32 = 0
        var number: Int32 = -1
        _ = ioctl(person, 0x4004_5431, &zero)
        _ = ioctl(person, 0x8004_5430, &number)
        terminal = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        resize(columns: columns, rows: rows)
        _ = fcntl(person, F_SETFL, O_NONBLOCK)
    }

    deinit {
        close(person)
        close(terminal)
    }

    func resize(columns: UInt16, rows: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(person, UInt(TIOCSWINSZ), &size)
    }

    func type(_ text: String) { _ = Array(text.utf8).withUnsafeBytes { write(person, $0.baseAddress, $0.count) } }

    /// Everything shown so far.
    var screen: String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(person, &buffer, buffer.count)
            if count <= 0 { return seen.withLock { $0 } }
            seen.withLock { $0 += String(decoding: buffer[..<count], as: UTF8.self) }
        }
    }

    var isRaw: Bool {
        var state = termios()
        tcgetattr(terminal, &state)
        return state.c_lflag & UInt32(ICANON) == 0
    }

    func shows(_ text: String) async -> Bool { await eventually { screen.contains(text) } }
}

@Suite struct RawModeTests {
    @Test func aProcessAboutToLeaveByForceCanPutTheTerminalBack() async {
        // In a process of its own: what is restored is whatever the process made raw last.
        await #expect(processExitsWith: .exitCode(7)) {
            let terminal = try PseudoTerminal(columns: 80, rows: 24)
            guard RawMode(terminal.terminal) != nil, terminal.isRaw else { _exit(1) }
            RawMode.restoreCurrent()
            _exit(terminal.isRaw ? 2 : 7)
        }
    }
}

@Suite(.enabled(if: TestServer.hasOpenSSH, "needs /usr/sbin/sshd (openssh-server)"), .timeLimit(.minutes(1)))
struct TerminalTests {
    private func attach(_ line: String?, _ terminal: PseudoTerminal) async throws -> Task<Exit, any Error> {
        let session = try await TestServer.shared().connect()
        let local = LocalTerminal(input: terminal.terminal, output: terminal.terminal, error: terminal.terminal, kind: "vt100")
        return Task { try await session.attach(line, to: local) }
    }

    @Test func aLoginShellHasATerminalThatFollowsTheWindow() async throws {
        let terminal = try PseudoTerminal(columns: 91, rows: 33)
        let shell = try await attach(nil, terminal)
        terminal.type("echo T=$TERM; stty size; exec sh\n")
        #expect(await terminal.shows("T=vt100"))
        #expect(await terminal.shows("33 91"))
        #expect(terminal.isRaw)
        terminal.resize(columns: 120, rows: 44)
        #expect(
            await eventually {
                terminal.type("stty size\n")
                return await eventually(within: .milliseconds(100)) { terminal.screen.contains("44 120") }
            })
        terminal.type("exit 5\n")
        #expect(try await shell.value == .status(5))
        #expect(!terminal.isRaw)
    }

    @Test func controlCGoesToTheGuest() async throws {
        let terminal = try PseudoTerminal(columns: 80, rows: 24)
        let command = try await attach("trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.02; done", terminal)
        #expect(await terminal.shows("ready"))
        terminal.type("\u{03}")
        #expect(try await command.value == .status(9))
        #expect(terminal.screen.contains("caught"))
        #expect(!terminal.isRaw)
    }

    @Test func tildeDotLeavesAGuestThatHangsAndCancellationPutsTheTerminalBack() async throws {
        let terminal = try PseudoTerminal(columns: 80, rows: 24)
        let hanging = try await attach("echo ready; exec sleep 1000", terminal)
        #expect(await terminal.shows("ready"))
        terminal.type("\r~.")
        let left = await #expect(throws: SSHError.self) { try await hanging.value }
        #expect(left?.code == .cancelled)
        #expect(!terminal.isRaw)
        let other = try PseudoTerminal(columns: 80, rows: 24)
        let cancelled = try await attach("echo ready; exec sleep 1000", other)
        #expect(await other.shows("ready"))
        cancelled.cancel()
        await #expect(throws: SSHError.self) { try await cancelled.value }
        #expect(!other.isRaw)
    }
}
