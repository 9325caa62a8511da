import AtollModel
import Testing

@testable import AtollBootstrap

@Suite struct PreparationTests {
    let book: RecipeBook
    init() throws { book = try RecipeBook(directory: RecipeTests.shipped) }

    private func prepare(
        _ filesystem: MemoryFilesystem, distro: String, identity: GuestIdentity = Samples.identity()
    ) throws -> Preparation {
        let preparation = try Preparation(of: identity, recipe: book.recipe(for: [distro]), in: filesystem)
        try preparation.apply(to: filesystem)
        return preparation
    }

    @Test func replacesWhoTheTemplateWas() throws {
        let guest = MemoryFilesystem.debian()
        for path in ["/etc/ssh/ssh_host_rsa_key", "/var/lib/dhcp/dhclient.eth0.leases", "/var/lib/systemd/random-seed"] {
            guest.put(.text(path, "old"))
        }
        guest.put(.text("/var/lib/cloud/instances/old/sem/x", "old"))
        guest.put(.directory("/var/lib/dbus"))
        guest.put(.text("/root/.ssh/authorized_keys", "ssh-rsa AAAAMAKER maker\n"))
        _ = try prepare(guest, distro: "debian12")
        #expect(guest.glob("/etc/ssh/ssh_host_*") == ["/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/ssh_host_ed25519_key.pub"])
        #expect(guest.status("/etc/ssh/ssh_host_ed25519_key")?.mode == 0o600)
        #expect(guest.status("/root/.ssh")?.mode == 0o700)
        #expect(guest["/root/.ssh/authorized_keys"] == "ssh-rsa AAAAMAKER maker\nssh-ed25519 AAAAUSER prefix\n")
        #expect(guest["/etc/hostname"] == "vm-a\n")
        #expect(guest["/etc/machine-id"] == "0123456789abcdef0123456789abcdef\n")
        #expect(guest.entries["/var/lib/dbus/machine-id"]?.content == .link(to: "/etc/machine-id"))
        for gone in ["/var/lib/dhcp/dhclient.eth0.leases", "/var/lib/systemd/random-seed", "/var/lib/cloud/instances"] {
            #expect(guest.status(gone) == nil, "\(gone)")
        }
        #expect(guest["/etc/iscsi/initiatorname.iscsi"] == nil)
    }

    @Test(arguments: [
        ("debian12", ["/sbin/ifup", "/etc/network/interfaces"], NetworkStyle.ifupdown),
        ("debian12", ["/usr/lib/systemd/systemd-networkd"], .networkd),
        ("debian12", ["/sbin/ifup", "/etc/systemd/system/multi-user.target.wants/systemd-networkd.service"], .networkd),
        ("ubuntu22", ["/usr/sbin/netplan", "/etc/network/interfaces"], .netplan),
        ("el7", ["/etc/sysconfig/network-scripts/ifup", "/usr/sbin/NetworkManager", "/etc/NetworkManager/x"], .ifcfg),
        ("el9", ["/usr/sbin/NetworkManager", "/etc/NetworkManager/x"], .networkmanager),
    ]) func choosesTheNetworkStyleByWhatIsThere(_ distro: String, _ paths: [String], _ style: NetworkStyle) throws {
        let guest = MemoryFilesystem(paths.map { .text($0, "") })
        let preparation = try prepare(guest, distro: distro)
        #expect(preparation.style == style)
        #expect(preparation.notes.isEmpty)
    }

    @Test func enablesNetworkdWhereNothingDoes() throws {
        let unit = "/usr/lib/systemd/system/systemd-networkd.service"
        let guest = MemoryFilesystem([.text("/usr/lib/systemd/systemd-networkd", ""), .text(unit, "")])
        _ = try prepare(guest, distro: "debian12")
        #expect(guest.entries["/etc/systemd/system/multi-user.target.wants/systemd-networkd.service"]?.content == .link(to: unit))
    }

    @Test func saysWhenNoStyleFits() throws {
        let preparation = try prepare(MemoryFilesystem(), distro: "haiku")
        #expect(preparation.style == nil)
        #expect(preparation.notes.first?.contains("vm-a: no network style of recipe «base»") == true)
    }

    @Test func leavesAResolverThatIsALink() throws {
        let guest = MemoryFilesystem.debian()
        guest.put(.link("/etc/resolv.conf", to: "../run/systemd/resolve/stub-resolv.conf"))
        _ = try prepare(guest, distro: "debian12")
        #expect(guest["/etc/resolv.conf"] == nil)
        guest.put(.text("/etc/resolv.conf", "nameserver 9.9.9.9\n"))
        _ = try prepare(guest, distro: "debian12")
        #expect(guest["/etc/resolv.conf"] == "search lago.local\nnameserver 192.168.200.1\n")
    }

    @Test func bootMenuIsNotWaitedFor() throws {
        let guest = MemoryFilesystem(texts: [
            "/boot/grub2/grub.cfg": "if x; then\n  set timeout=5\nelse\n  set timeout=${saved}\nfi\n",
            "/etc/default/grub": "GRUB_TIMEOUT=\"5\"\nGRUB_X=1\n",
        ])
        _ = try prepare(guest, distro: "el7")
        #expect(guest["/boot/grub2/grub.cfg"] == "if x; then\n  set timeout=0\nelse\n  set timeout=${saved}\nfi\n")
        #expect(guest["/etc/default/grub"] == "GRUB_TIMEOUT=0\nGRUB_X=1\n")
    }

    @Test func servicesOfTheRecipeNoLongerStart() throws {
        let wants = "/etc/systemd/system/multi-user.target.wants/postfix.service"
        let guest = MemoryFilesystem([.link(wants, to: "/usr/lib/systemd/system/postfix.service")])
        _ = try prepare(guest, distro: "el7")
        #expect(guest.status(wants) == nil)
    }

    @Test func rootPasswordIsHashedInPlace() throws {
        let guest = MemoryFilesystem.debian()
        guest.put(GuestFile("/etc/shadow", .file(Array("daemon:*:1::::::\nroot:!:19000:0:99999:7:::\n".utf8)), mode: 0o640, group: 42))
        _ = try prepare(guest, distro: "debian12", identity: Samples.identity(password: "s3cret"))
        let shadow = try #require(guest["/etc/shadow"])
        #expect(shadow.hasPrefix("daemon:*:1::::::\nroot:$6$0123456789abcdef$"))
        #expect(shadow.hasSuffix(":19000:0:99999:7:::\n"))
        #expect(!shadow.contains("s3cret"))
        #expect(guest.status("/etc/shadow") == GuestFileStatus(kind: .file, mode: 0o640, owner: 0, group: 42))
        _ = try prepare(guest, distro: "debian12", identity: Samples.identity())
        #expect(guest["/etc/shadow"] == shadow)
    }

    @Test func selinuxGuestsAreRelabelled() throws {
        let guest = MemoryFilesystem.debian()
        guest.put(.text("/etc/selinux/config", "# x\nSELINUX=enforcing\nSELINUXTYPE=targeted\n"))
        #expect(try prepare(guest, distro: "el9").policy == "targeted")
        #expect(guest["/.autorelabel"] == "")
        let other = MemoryFilesystem.debian()
        other.put(.text("/etc/selinux/config", "SELINUX=disabled\n"))
        #expect(try prepare(other, distro: "el9").policy == nil)
    }

    @Test func guestsFromBeforeSystemdGetTheirName() throws {
        let guest = MemoryFilesystem(texts: ["/etc/sysconfig/network": "NETWORKING=yes\nHOSTNAME=template\n"])
        _ = try prepare(guest, distro: "el6")
        #expect(guest["/etc/sysconfig/network"] == "NETWORKING=yes\nHOSTNAME=vm-a.lago.local\n")
    }
}
