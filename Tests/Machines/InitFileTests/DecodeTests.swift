import AtollModel
import Foundation
import OrderedCollections
import Testing

@testable import AtollInitFile

@Suite struct DecodeTests {
    @Test func everyErrorOfAFileIsToldWithItsPlace() {
        let found = errors(
            """
            domains:
              vm0:
                memory: 1G
                vcpu: [2]
                nics:
                  - net: lagoo
                disks:
                  - type: template
                    name: root
                    device: vda
                    format: qcow3
                    template_name: tiny
              ../vm1:
                nics: none
            nets:
              lago:
                type: nart
                dhcp: {start: 200, end: 100}
                management: "true"
            """)
        #expect(
            found == [
                #"f:3:13: domains.vm0.memory: found the text "1G"; allowed: a whole number of MiB, such as 1024"#,
                "f:4:5: domains.vm0.vcpu: found a list; allowed: a whole number of CPUs, such as 2",
                "f:6:14: domains.vm0.nics[0].net: unrecognized network in vm0: lagoo, available: lago; did you mean `lago`?",
                "f:8:9: domains.vm0.disks[0].dev: `dev` is missing (`device` is not its name); a disk has name, dev, format and type",
                #"f:11:17: domains.vm0.disks[0].format: found the text "qcow3"; allowed: qcow2, raw, iso; did you mean `qcow2`?"#,
                "f:13:3: domains.../vm1: \"../vm1\" cannot name a VM; allowed: \(Names.rule)",
                #"f:14:11: domains.../vm1.nics: found the text "none"; allowed: a list of NICs"#,
                #"f:17:11: nets.lago.type: found the text "nart"; allowed: nat, isolated, bridge; did you mean `nat`?"#,
                "f:18:29: nets.lago.dhcp.end: the range ends at 100, before its start 200",
                #"f:19:17: nets.lago.management: found the text "true"; allowed: true or false, without quotes"#,
            ])
        #expect(InitFile.draft("domains: {a: 3, b: {nics: [{net: n}]}}\nnets: {n: }", file: "f").spec.domains.keys == ["b"])
    }

    @Test(arguments: ["a/b", "..", "a..b", "a b", "a'b", "a\\\"b", "a\\nb", "", "-a", ".a", "é", String(repeating: "x", count: 64)])
    func namesThatCouldDoHarmAreRefused(_ name: String) {
        let found = errors("domains: {\"\(name)\": {nics: [{net: n}]}}\nnets: {n: }")
        #expect(found.count == 1 && found[0].contains("cannot name a VM"), "\(found)")
        #expect(found.allSatisfy { !$0.contains("\n") })
        #expect(errors("domains: {a: {nics: []}}\nnets: {\"\(name)\": }").count == 1)
        #expect(errors(sample().replacing("name: root", with: "name: \"\(name)\"")).count == 1)
    }

    @Test func namesOfRealFilesAreAllowed() throws {
        for name in ["__ENGINE__", "lago_functional_tests_vm01", "el7.5-base", "0", "on"] {
            #expect(try spec("domains: {\(name): {nics: [{net: n}]}}\nnets: {n: }").domains.keys == [name])
        }
    }

    @Test func numbersAreTextWhereTextIsMeant() throws {
        let vm = try domain("root-password: 0123, ssh-password: 1.10, memory: '1024', vcpu: \"2\", boot_time_sec: 500")
        #expect(vm.rootPassword == "0123")
        #expect(vm.sshPassword == "1.10")
        #expect([vm.memory, vm.vcpu, vm.bootTime] == [1024, 2, 500])
        let version = try spec(sample().replacing("template_name: tiny", with: "template_name: 7, template_version: 1.10"))
        #expect(version.domains["vm0"]?.disks.first?.origin == .template(name: "7", version: "1.10"))
    }

    @Test func legacyKeys() throws {
        let vm = try domain(
            "cpu: 4, groups: web, bootstrap: false, service_class: x, metadata: {ovirt-scripts: [a.sh, b.sh], ovirt-role: host}")
        #expect(vm.vcpu == nil)
        #expect(vm.groups == ["web"])
        #expect(vm.bootstrap == BootstrapKind.none)
        #expect(vm.deployScripts == ["a.sh", "b.sh"])
        #expect(try domain("bootstrap: true").bootstrap == nil)
        #expect(try domain("bootstrap: cloud-init").bootstrap == .cloudInit)
        #expect(try domain("metadata: {deploy-scripts: [c.sh], ovirt-scripts: [a.sh]}").deployScripts == ["c.sh"])
        #expect(try domain("metadata: {deploy-scripts: }, artifacts: , groups: [a, 1]").groups == ["a", "1"])
        let ova = try domain("type: ova, url: 'file://$HOME/a.ova'")
        #expect(ova.ovaURL == "file://$HOME/a.ova")
        #expect(errors(sample("type: ova")).first?.contains("`url` is missing") == true)
        #expect(warnings(sample("cpu: 4, service_class: x")).count == 2)
    }

    @Test func prototypesAreFoundByName() throws {
        let found = try spec(
            """
            prototypes:
              base: {memory: 64, distro: el7}
              host: {based-on: base, memory: 128, nics: [{net: n}]}
            domains:
              a: {based-on: host}
              b: {based-on: host, memory: 256}
              c: {based-on: {nics: [{net: n}], vcpu: 3}}
            nets: {n: }
            """)
        #expect(found.domains.values.map(\.memory) == [128, 256, nil])
        #expect(found.domains.values.map(\.distro) == ["el7", "el7", nil])
        #expect(found.domains["c"]?.vcpu == 3)
        let wrong = errors("prototypes: {x: {based-on: x}}\ndomains: {a: {based-on: y, nics: []}, b: {based-on: x, nics: []}}\nnets: {n: }")
        #expect(wrong.count == 2)
        #expect(wrong[0].contains("f:2:25: domains.a.based-on: there is no prototype `y`; known: x"))
        #expect(wrong[1].contains("is based on itself"))
    }

    @Test func disksOfEveryKind() throws {
        func origin(_ members: String) throws -> DiskSpec.Origin? {
            try spec(sample().replacing(rootDisk, with: "{name: d, dev: vda, format: raw, \(members)}")).domains["vm0"]?.disks.first?.origin
        }
        #expect(try origin("type: empty, size: 10G") == .empty(size: "10G"))
        #expect(try origin("type: empty, size: 1048576") == .empty(size: "1048576"))
        #expect(try origin("type: template, template_type: qcow2, path: $X/a, template_name: t, size: 1G") == .qcow2(path: "$X/a"))
        #expect(try origin("type: file, url: 'http://h/x.iso'") == .file(path: nil, url: "http://h/x.iso", copy: false))
        #expect(try origin("type: file, path: a, make_a_copy: 'True'") == .file(path: "a", url: nil, copy: true))
        for (members, part) in [
            ("type: empty", "`size` is missing"), ("type: empty, size: big", "allowed: a size in bytes"),
            ("type: file", "`path` is missing"),
            ("type: template", "`template_name` is missing"), ("type: template, template_type: qcow2", "`path` is missing"),
            ("type: emtpy, size: 1G", "did you mean `empty`"),
            ("type: template, template_type: x, template_name: y", "allowed: lago, qcow2"),
        ] {
            let found = errors(sample().replacing(rootDisk, with: "{name: d, dev: vda, format: raw, \(members)}"))
            #expect(found.count == 1 && found[0].contains(part), "\(members): \(found)")
        }
        let twins = errors(sample().replacing(rootDisk, with: rootDisk + ", " + rootDisk))
        #expect(twins.count == 2 && twins[0].contains("disks[0] is called root already") && twins[1].contains("disks[0] is vda already"))
    }

    /// Renderers of init files leave keys with nothing after them.
    @Test func aKeyWithNothingAfterItIsAWarningUntilARealInit() throws {
        let text = sample().replacing("template_name: tiny", with: "template_name: ")
        #expect(warnings(text).map { String($0.prefix(51)) } == ["f:2:36: warning: domains.vm0.disks[0].template_name"])
        let references = InitFile.references(try spec(text))
        #expect(references.map(\.kind) == [.unwritten(key: "template_name")])
    }

    @Test func bothKindsOfCPUAreTooMuch() {
        let found = errors(sample("cpu_model: Westmere, cpu_custom: {'@mode': host-model}"))
        #expect(found.count == 1 && found[0].contains("domains.vm0.cpu_custom: cpu_model and cpu_custom are both given"))
    }

    @Test func unknownKeysAreKeptAndWarnedAboutOnce() throws {
        let text = """
            domains:
              a: {nics: [{net: n, mac: x}], memroy: 1, ssh_user: me, my-own: {deep: [1]}}
              b: {nics: [{net: n, mac: y}], memroy: 2}
            nets: {n: {gateway: x}}
            x-anchors: {a: 1}
            nat-settings: {}
            """
        let found = warnings(text)
        #expect(
            found.filter { !$0.contains("no disk") } == [
                "f:2:23: warning: domains.a.nics[0].mac: unknown key in a NIC, kept and not used",
                "f:2:33: warning: domains.a.memroy: unknown key in a VM, kept and not used; did you mean `memory`?",
                "f:2:44: warning: domains.a.ssh_user: unknown key in a VM, kept and not used; did you mean `ssh-user`?",
                "f:2:58: warning: domains.a.my-own: unknown key in a VM, kept and not used",
                "f:4:12: warning: nets.n.gateway: unknown key in a net, kept and not used; did you mean `gw`?",
            ])
        #expect(try spec(text).domains["a"]?.raw["my-own"] == ["deep": [1]])
        #expect(warnings("domains: {a: {nics: [{net: n}]}}\nnet: {n: }").contains { $0.contains("did you mean `nets`") })
    }

    @Test func newKeys() throws {
        let vm = try domain(
            "arch: x86_64, machine: q35, bootstrap: sysprep, graphics: spice, cloud-init: {user-data: {path: u.yaml}, meta-data: {instance-id: 1}}"
        )
        #expect(vm.architecture == "x86_64")
        #expect(vm.machine == "q35")
        #expect(vm.bootstrap == .sysprep)
        #expect(vm.graphics == .spice)
        #expect(vm.cloudInit?["meta-data"]?["instance-id"] == 1)
        #expect(errors(sample("graphics: vga")).first?.contains("allowed: none, vnc, spice") == true)
        #expect(errors(sample("bootstrap: yess")).first?.contains("allowed: sysprep, cloud-init, none") == true)
        #expect(errors(sample("cloud-init: {user-data: [1]}")).first?.contains("a mapping, or {path: FILE}") == true)
    }

    @Test func referencesNameWhatIsOutsideTheFile() throws {
        let text = sample("vm-type: ovirt-host, metadata: {deploy-scripts: [$X/a.sh]}, cloud-init: {user-data: {path: u}}")
        let references = InitFile.references(try spec(text))
        #expect(
            references.map(\.kind) == [
                .vmType(name: "ovirt-host"), .template(name: "tiny", version: nil), .deployScript(path: "$X/a.sh"),
                .cloudInitFile(path: "u"),
            ])
        #expect(references[2].path.description == "domains.vm0.metadata.deploy-scripts[0]")
        #expect(InitFile.references(try spec(text), vmTypes: ["default", "ovirt-host"]).count == 3)
    }
}
