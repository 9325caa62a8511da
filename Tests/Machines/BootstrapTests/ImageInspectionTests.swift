import AtollModel
import Testing

@testable import AtollBootstrap

@Suite struct ImageInspectionTests {
    private func warnings(_ texts: [String: String], bootstrap: BootstrapKind? = nil) throws -> [String] {
        try ImageInspection.warnings(in: MemoryFilesystem(texts: texts), bootstrap: bootstrap)
    }

    @Test func aCleanImageHasNone() throws {
        #expect(try warnings(["/etc/machine-id": "", "/etc/os-release": "ID=debian"]) == [])
        #expect(try warnings(["/usr/bin/cloud-init": "x"], bootstrap: .cloudInit) == [])
        #expect(try warnings(["/usr/sbin/atoll-seed": "x"], bootstrap: .cloudInit) == [])
    }

    @Test func filesOfOneVMAreNamedWithTheBootstrapsThatKeepThem() throws {
        let replaced = try warnings(["/var/lib/dbus/machine-id": "0123\n", "/etc/ssh/ssh_host_rsa_key": "KEY"])
        #expect(replaced.count == 1)
        for part in [
            "every VM with 'bootstrap: cloud-init' or 'bootstrap: none'", "machine id ('/var/lib/dbus/machine-id')",
            "ssh host key ('/etc/ssh/ssh_host_rsa_key')", "\nhint: ",
            "guestfish --rw -a IMAGE -i glob rm-rf '/var/lib/dbus/machine-id' : glob rm-rf '/etc/ssh/ssh_host_*'",
        ] { #expect(replaced.first?.contains(part) == true, "\(part)") }
        #expect(replaced.first?.contains("KEY") == false)
        // sysprep leaves it, so every VM has it.
        #expect(try warnings(["/var/log/syslog": "x"]).first?.hasPrefix("every VM gets a copy") == true)
    }

    @Test func aSeedThatNothingReadsIsAWarning() throws {
        let absent = try warnings(["/etc/os-release": "ID=debian"], bootstrap: .cloudInit)
        #expect(absent.count == 1 && absent.first?.contains("--metadata bootstrap=sysprep") == true, "\(absent)")
        let disabled = try warnings(["/usr/bin/cloud-init": "x", "/etc/cloud/cloud-init.disabled": ""], bootstrap: .cloudInit)
        #expect(disabled.count == 1 && disabled.first?.contains("'/etc/cloud/cloud-init.disabled'") == true, "\(disabled)")
        #expect(try warnings(["/etc/os-release": "ID=debian"], bootstrap: .sysprep) == [])
    }
}
