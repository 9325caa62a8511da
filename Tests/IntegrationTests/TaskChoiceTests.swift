import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Testing

extension IntegrationTests {
    /// What is asked of a run's VM, and what it gets: hardware, the network beyond it, the image.
    @Suite(.serialized) struct TaskChoiceTests {
        /// Prints those of its arguments, `HOST:PORT`, that answer; all are asked at once.
        private static let probe = """
            for place in "$@"; do
                (printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 6 "${place%:*}" "${place#*:}" 2>/dev/null | grep -q served && echo "$place") &
            done
            wait

            """
        /// More than any host of these tests has: such a run ends as soon as its image is chosen.
        private static let tooMuch = ["--memory", "99999999"]

        @Test(
            "a formula's hardware and egress are the VM's, --egress goes over it, the host is closed unless asked for, binary output comes whole",
            .timeLimit(.minutes(4)))
        func hardwareAndEgress() async throws {
            let outside = try await Outside("beyond", subnet: "10.97.0")
            defer { outside.close() }
            let tasks = try TaskProduct()
            try tasks.workspace.write("tasks/probe.sh", Self.probe)
            // The last is this host.
            let places = ["10.97.0.2:8081", "10.97.0.2:8082", "10.97.0.3:8081", "10.97.0.1:8090"]
            let ask = "  - shell: sh probe.sh \(places.joined(separator: " ")) > ${artifactsdir}/reached\n"
            let look = """
                  - shell: |
                      df -k / | tail -n 1 > ${artifactsdir}/disk
                      cat /sys/block/vdb/size > ${artifactsdir}/second
                      grep -c ^processor /proc/cpuinfo > ${artifactsdir}/processors
                      awk '/^MemTotal/ { print $$2 }' /proc/meminfo > ${artifactsdir}/memory
                      test -c /dev/tpm0 && echo yes > ${artifactsdir}/tpm
                """
            let noise = """
                  - shell: |
                      head -c 300000 /dev/urandom > ${artifactsdir}/noise
                      cat ${artifactsdir}/noise
                      printf '\\377\\376\\000end' >&2
                """
            let egress = "egress: ['10.97.0.2:8081']"
            let hardware = "{memory: '= 256 MiB', cpu: {processors: 1}, disk: [{size: '>= 3 GB'}, {size: '= 1 GB'}], tpm: {version: '2.0'}}"
            try tasks.formula("asking", ask + look, more: "environment: {\(egress), hardware: \(hardware)}\n")
            try tasks.formula("closed", ask + noise, more: "environment: {\(egress)}\n")
            try tasks.formula("usual", ask)
            let words = ["runtask", "--libvirt", "--image", "tiny"]
            // The host of the tests keeps its disks in memory: what is free there is not the point.
            let roomy = ["TASKOTRON_CAPACITY_DISK_GIB": "100"]
            let asking = try tasks.start("asking", words + ["--uuid", "asking", "asking.yml"], environment: roomy)
            let closed = try tasks.start(
                "closed", words + TaskProduct.small + ["--uuid", "closed", "--egress", "off", "closed.yml"], environment: roomy)

            let usual = try tasks.start("usual", words + TaskProduct.small + ["--uuid", "usual", "usual.yml"], environment: roomy)

            // From here everything is reached.
            try await eventuallyServed(places, in: tasks)
            #expect(try await asking.end() == 0, "\(asking.errors)")
            #expect(try tasks.text("asking", "reached") == "10.97.0.2:8081\n")
            func number(_ name: String) throws -> Int {
                let words = try tasks.text("asking", name).split(whereSeparator: \.isWhitespace)
                let word = try #require(name == "disk" ? words.dropFirst().first : words.first, "\(words)")
                return try #require(Int(word), "\(words)")
            }
            // KiB. Of 3 GB the filesystem itself takes some.
            let (disk, memory) = (try number("disk"), try number("memory"))
            #expect((2_700_000..<3 << 20).contains(disk))
            #expect((150_000..<256 << 10).contains(memory))
            #expect(try number("processors") == 1)
            // Sectors of 512 bytes.
            #expect(try number("second") == 2 << 20)
            #expect(SystemCall.exists(tasks.path("asking", "tpm")))

            #expect(try await closed.end() == 0, "\(closed.errors)")
            #expect(try tasks.text("closed", "reached") == "")
            // Nobody said anything: what is beyond, and nothing of this host.
            #expect(try await usual.end() == 0, "\(usual.errors)")
            #expect(try Set(tasks.text("usual", "reached").split(separator: "\n").map(String.init)) == Set(places.dropLast()))
            let same = try await Tool.output("cmp", [tasks.workspace.path + "/started-closed.out", tasks.path("closed", "noise")])
            #expect(same.status == 0, "\(same)")
            let errors = try AtomicFile.read(tasks.workspace.path + "/started-closed.err")
            #expect(errors.indices.contains { errors[$0...].starts(with: [0xff, 0xfe, 0, 0x65, 0x6e, 0x64]) })
            #expect(try await TaskProduct.lastingLeftovers() == [])
        }

        private func eventuallyServed(_ places: [String], in tasks: TaskProduct) async throws {
            let program = """
                import sys, time, urllib.request
                end = time.monotonic() + 30
                for place in sys.argv[1:]:
                    while True:
                        try:
                            urllib.request.urlopen("http://" + place, timeout=5).read()
                            break
                        except OSError:
                            if time.monotonic() > end: raise
                            time.sleep(0.1)
                """
            try await Tool.run("python3", ["-c", program] + places)
        }

        @Test("hardware that cannot be had is refused before a VM is made", .timeLimit(.minutes(1)))
        func hardwareThatCannotBeHad() async throws {
            let tasks = try TaskProduct()
            let cases: [(name: String, hardware: String, says: String)] = [
                ("uefi", "{boot: {method: uefi}}", "atoll:tiny:1 has no EFI loader: its metadata says firmware: bios"),
                ("strict", "{strict: true, gpu: {device-name: x}}", "the formula insists on its hardware: "),
                ("huge", "{memory: '>= 90 TB'}", "'huge' requires 90 TiB of memory, but the host has "),
            ]
            for entry in cases {
                try tasks.formula(entry.name, "  - dummy: {result: PASS}", more: "environment: {hardware: \(entry.hardware)}\n")
                let result = try await tasks.run(
                    ["runtask", "--libvirt", "--image", "tiny", "--uuid", entry.name] + TaskProduct.item + [entry.name + ".yml"])
                #expect(result.status == 102 && result.standardError.contains(entry.says), "\(entry.name): \(result.standardError)")
                #expect(try tasks.results(entry.name).first?.hasPrefix("scratch.\(entry.name) ABORTED") == true)
                // It is not tried again: nothing would be different.
                for word in ["attempt ", "environment.json", "Fatal error"] {
                    #expect(!result.standardError.contains(word), "\(result.standardError)")
                }
                #expect(try TaskProduct.leftovers() == [])
            }
        }

        @Test("item, --match-host, formula and default: which image a run gets, and a VM from a file of imagesdir", .timeLimit(.minutes(5)))
        func images() async throws {
            let tasks = try TaskProduct()
            let directory = tasks.workspace.path + "/images"
            try Directories.make(directory)
            let image = "250101_1200-fedora-25-taskotron_cloud-x86_64.qcow2"
            try await Tool.run("qemu-img", ["convert", "-O", "qcow2", "/var/lib/atoll/store/atoll:tiny:1", "\(directory)/\(image)"])
            // An older one and a newer one of another architecture; neither could be used.
            let junk = ["240101_1200-fedora-25-taskotron_cloud-x86_64.qcow2", "260101_1200-fedora-25-taskotron_cloud-aarch64.qcow2"]
            for name in junk {
                try tasks.workspace.write("images/\(name)", "no image\n")
            }
            try tasks.formula("host", "  - shell: hostname > ${artifactsdir}/host")
            try tasks.formula("asks27", "  - dummy: {result: PASS}", more: "environment: {distro: fedora, release: 27}\n")
            try tasks.formula("asks25", "  - dummy: {result: PASS}", more: "environment: {distro: fedora, release: 25}\n")
            let settings = ["TASKOTRON_DEFAULT_IMAGE": "tiny"]
            func start(_ run: String, _ item: String) throws -> Started {
                let words = ["runtask", "--libvirt", "--uuid", run, "-i", item, "-t", "koji_build"]
                return try tasks.start(run, words + TaskProduct.small + ["host.yml"], environment: settings)
            }
            // What the item suggests is taken where it is, and done without where it is not.
            let there = try start("there", "foo-1-1.fc25")
            let absent = try start("absent", "foo-1-1.fc26")

            let missing = "; not among the templates of /var/lib/atoll/store"
            // This one is chosen, and then there is no room for such a VM.
            let chosen = ["image: \(image)\n", " of memory, but the host has "]
            let koji = { (tag: String) in ["-i", "foo-1-1.\(tag)", "-t", "koji_build"] }
            let tag = ["-i", "f25-updates-pending", "-t", "koji_tag"]
            let cases: [(run: String, words: [String], says: [String])] = [
                (
                    "insists", koji("fc26") + ["--match-host", "host.yml"],
                    ["no image for distro fedora, release 26, flavor any and arch x86_64: not in \(directory), which has ", image, missing]
                ),
                ("formula", koji("fc25") + ["asks27.yml"], ["no image for distro fedora, release 27", missing, "--image"]),
                ("beats", koji("fc26") + Self.tooMuch + ["asks25.yml"], chosen),
                ("matches", koji("fc25") + Self.tooMuch + ["--match-host", "host.yml"], chosen),
                ("tag", tag + Self.tooMuch + ["host.yml"], chosen),
                ("handle", koji("fc26") + Self.tooMuch + ["--image", "fedora:25", "host.yml"], chosen),
                ("name", koji("fc26") + Self.tooMuch + ["--image", image, "host.yml"], chosen),
                (
                    "absent-name", koji("fc25") + ["--image", "tinny", "host.yml"],
                    ["there is no image tinny: not in ", missing, "did you mean tiny?"]
                ),
                ("junk", koji("fc25") + ["--image", junk[0], "host.yml"], ["the image \(junk[0]) cannot be used: "]),
                // Nothing says which: then it is the default.
                ("plain", koji("el7") + Self.tooMuch + ["host.yml"], ["image: atoll:tiny:1\n", " of memory, but the host has "]),
            ]
            for entry in cases {
                let result = try await tasks.run(["runtask", "--libvirt", "--uuid", entry.run] + entry.words, environment: settings)
                #expect(result.status == 102, "\(entry.run): \(result.standardError)")
                for text in entry.says {
                    #expect(result.standardError.contains(text), "\(entry.run): \(text) is not in \(result.standardError)")
                }
                #expect(try tasks.results(entry.run).first?.contains(" ABORTED \(entry.words[1]) ") == true)
            }
            // Settings that name one image go over all that.
            let forced = ["TASKOTRON_FORCE_IMAGEURL": "true", "TASKOTRON_IMAGEURL": "file://\(directory)/\(image)"]
            let always = try await tasks.run(
                ["runtask", "--libvirt", "--uuid", "forced"] + koji("fc26") + Self.tooMuch + ["asks27.yml"],
                environment: settings.merging(forced) { $1 })
            #expect(always.status == 102 && always.standardError.contains("image: \(image)\n"), "\(always.standardError)")

            #expect(try await there.end() == 0, "\(there.errors)")
            #expect(there.errors.contains("image: \(image)\n") && !there.errors.contains("WARNING"), "\(there.errors)")
            #expect(try tasks.text("there", "host") == "taskotron-there\n")
            #expect(try await absent.end() == 0, "\(absent.errors)")
            let warning = try #require(absent.errors.split(separator: "\n").first { $0.contains("WARNING") }, "\(absent.errors)")
            #expect(
                warning.contains("no image for distro fedora, release 26") && warning.hasSuffix("using the default image, tiny"),
                "\(warning)")
            #expect(absent.errors.contains("image: atoll:tiny:1\n"), "\(absent.errors)")
            #expect(try tasks.text("absent", "host") == "taskotron-absent\n")
            #expect(try await TaskProduct.lastingLeftovers() == [])
        }
    }
}
