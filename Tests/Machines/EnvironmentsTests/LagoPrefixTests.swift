import AtollHostPorts
import AtollHostFakes
import AtollInitFile
import AtollModel
import AtollPlatform
import AtollTestSupport
import Synchronization
import Testing

@testable import AtollEnvironments

/// A prefix that Lago made (spec Appendix A.3, B.3): no `.atoll`, a time-based uuid, an RSA key in PEM.
@Suite struct LagoPrefixTests {
    let fake: FakeHost
    let host: AtollEnvironments.Host
    let files: PrefixFiles

    init() throws {
        fake = try FakeHost()
        host = try fake.host()
        let workspace = fake.workspace
        files = PrefixFiles(path: workspace.path + "/.lago/default")
        func write(_ name: String, _ text: String) throws { try workspace.write(".lago/default/" + name, text) }
        try write("initialized", "")
        try write("uuid", "fe689d3c39d011e5b22b54ee755a00ca")
        try write("id_rsa", "-----BEGIN RSA PRIVATE KEY-----\nMIIEow==\n-----END RSA PRIVATE KEY-----\n")
        try write("id_rsa.pub", "ssh-rsa AAAAB3NzaC1yc2E= root@host\n")
        try write("metadata", "{\n    \"lago_version\": \"0.44.0\"\n}")
        try write("images/vm01_root.qcow2", "disk")
        try write("logs/lago.log", "started\n")
        try write("virt/env", "{\n    \"nets\": [\n        \"lago\"\n    ],\n    \"vms\": [\n        \"vm01\"\n    ]\n}")
        try write(
            "virt/net-lago",
            """
            {"name": "lago", "type": "nat", "gw": "192.168.200.1", "management": true, "dns_domain_name": "lago.local",
             "mapping": {"vm01": "192.168.200.2", "vm01-eth0": "192.168.200.2"}, "dns_records": {"vm01": "192.168.200.2"},
             "dhcp": {"start": 100, "end": 254}}
            """)
        try write(
            "virt/vm-vm01",
            """
            { "memory": 1024, "name": "vm01", "mgmt_net": "lago", "vm-type": "default", "vm-provider": "local-libvirt",
              "ssh-user": "root", "ssh-password": "123456", "snapshots": {}, "metadata": {},
              "nics": [{"net": "lago", "ip": "192.168.200.2"}],
              "disks": [{"template_name": "el7.5-base", "type": "template", "name": "root", "dev": "sda", "format": "qcow2",
                         "path": "$LAGO_PREFIX_PATH/images/vm01_root.qcow2",
                         "metadata": {"distro": "el7", "arch": "x86_64", "root-partition": "/dev/sda4"}}] }
            """)
        try SymbolicLink.make(workspace.path + "/.lago/current", to: "default")
        try workspace.write("leases/200.lease", "[\"\(files.uuid)\", \"fe689d3c39d011e5b22b54ee755a00ca\"]")
    }

    private func context(_ verb: String) -> VerbContext { VerbContext(verb: verb, lockPatience: .zero) }
    private var found: Locator.Found {
        get throws { try Locator(workingDirectory: fake.workspace.path).prefix() }
    }

    @Test func itIsListedAndShown() async throws {
        #expect(try Locator(workingDirectory: fake.workspace.path).workdir().prefixNames() == ["default"])
        let status = try await StatusUseCase(host: host).document(try found.files)
        let prefix = try #require(status["Prefix"])
        #expect(prefix["UUID"]?.text == "fe689d3c39d011e5b22b54ee755a00ca")
        #expect(prefix["Networks"]?["lago"]?["gateway"]?.text == "192.168.200.1")
        #expect(prefix["VMs"]?["vm01"]?["NICs"]?["eth0"]?["ip"]?.text == "192.168.200.2")
        #expect(prefix["VMs"]?["vm01"]?["distro"]?.text == "el7" && prefix["VMs"]?["vm01"]?["status"]?.text == "down")
    }

    @Test func itIsStartedStoppedAndDestroyedWithoutATrace() async throws {
        _ = try await StartUseCase(host: host, context: context("start")).run(files, machines: [])
        #expect(fake.world.withLock { $0.domains.keys.sorted() } == ["fe689d3c-vm01"])
        #expect(fake.world.withLock { $0.networks.keys.sorted() } == ["fe68-lago"])
        try await StopUseCase(host: host, context: context("stop")).run(files, machines: [])
        #expect(fake.world.withLock { $0.domains.isEmpty && $0.networks.isEmpty })
        try await DestroyUseCase(host: host, context: context("destroy")).run(try found)
        #expect(try fake.leftovers() == [])
        #expect(!SystemCall.exists(fake.workspace.path + "/.lago"))
    }

    @Test func whatLagoItselfRunsIsLeftAloneAndItsDisksAreKept() async throws {
        fake.world.withLock { $0.domains["fe689d3c-vm01"] = ObservedDomain(name: "fe689d3c-vm01", state: .running, owner: nil) }
        for verb in ["stop", "destroy"] {
            let error = await #expect(throws: EnvironmentError.self) {
                if verb == "stop" {
                    try await StopUseCase(host: host, context: context(verb)).run(files, machines: [])
                } else {
                    try await DestroyUseCase(host: host, context: context(verb)).run(try found)
                }
            }
            #expect(error?.message.contains("virsh destroy fe689d3c-vm01") == true)
        }
        #expect(SystemCall.exists(files.images + "/vm01_root.qcow2"))
        #expect(fake.world.withLock { $0.domains.count } == 1)
    }
}
