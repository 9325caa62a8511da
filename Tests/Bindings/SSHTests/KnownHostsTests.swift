import AtollSSH
import Testing

@Suite struct KnownHostsTests {
    private let one = try? KeyPair.ed25519(comment: "").publicKey
    private let two = try? KeyPair.ed25519(comment: "").publicKey

    @Test func aHostIsKnownByEveryNameAndOnlyAtItsPort() throws {
        let (one, two) = (try #require(one), try #require(two))
        var hosts = KnownHosts()
        hosts.add(one, hosts: ["vm-a", "192.168.200.2"])
        hosts.add(two, hosts: ["192.168.200.2"], port: 2222)
        #expect(hosts.check(one, host: "VM-A") == .match)
        #expect(hosts.check(two, host: "192.168.200.2") == .mismatch(expected: [one]))
        #expect(hosts.check(two, host: "192.168.200.2", port: 2222) == .match)
        #expect(hosts.check(one, host: "vm-b") == .unknown)
        #expect(hosts.rendered.contains("[192.168.200.2]:2222 ssh-ed25519 "))
    }

    @Test func whatIsNotUnderstoodIsKept() throws {
        let one = try #require(one)
        let text = "# mine\n@revoked * \(one.line)\n|1|abc=|def= \(one.line)\nvm-a,vm-b \(one.line) note\nnonsense\n"
        var hosts = KnownHosts(parsing: text)
        #expect(hosts.rendered == text)
        #expect(hosts.check(one, host: "vm-b") == .match)
        hosts.remove(host: "vm-b")
        #expect(hosts.check(one, host: "vm-b") == .unknown)
        #expect(hosts.check(one, host: "vm-a") == .match)
        hosts.remove(host: "vm-a")
        #expect(hosts.entries.isEmpty)
        #expect(hosts.rendered.hasPrefix("# mine\n"))
    }

    @Test func addingTwiceIsAddingOnce() throws {
        let one = try #require(one)
        var hosts = KnownHosts()
        hosts.add(one, hosts: ["a"])
        hosts.add(one, hosts: ["a"])
        #expect(hosts.entries.count == 1)
    }

    /// Lines that ssh-keygen -H made of `vm-a,192.168.200.2` and `[vm-a]:2222`.
    @Test func hashedNamesAreMatched() throws {
        let text = """
            |1|NpsQxn5itNvRkVL/kTx6+blEPb4=|uZtAke67hfgO6Uh7pmVA1Ki3d1E= ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILiFRAQ+y7UGKnZjE4zG1cZlsSEObBy8q5ru0E0vLqAS
            |1|9dCrZe42FO30uq5cbKlIi8UUP0A=|L8UsH/VjesjMOsdfKX64r747SIM= ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILiFRAQ+y7UGKnZjE4zG1cZlsSEObBy8q5ru0E0vLqAS
            |1|hYgwlBVl3deGVjmWxKJ3cISl80o=|yZkcYIhPyn2V9CCybhLJXG5Zjpc= ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILiFRAQ+y7UGKnZjE4zG1cZlsSEObBy8q5ru0E0vLqAS
            """
        let hosts = KnownHosts(parsing: text)
        let key = try #require(hosts.entries.first?.key)
        #expect(hosts.check(key, host: "vm-a") == .match)
        #expect(hosts.check(key, host: "192.168.200.2") == .match)
        #expect(hosts.check(key, host: "vm-a", port: 2222) == .match)
        #expect(hosts.check(key, host: "vm-b") == .unknown)
        #expect(hosts.rendered == text + "\n")
    }
}
