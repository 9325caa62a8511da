import AtollCommands
import AtollPlatform
import AtollTestSupport
import Foundation
import Testing

extension IntegrationTests {
    /// Whatever a user or the host does wrong: a clear error, exit 2, nothing lost and nothing left behind.
    @Suite(.serialized) struct BadInputTests: RefusingSuite {
        @Test(.timeLimit(.minutes(1))) func initFiles() async throws {
            let product = try Product()
            let nets = "nets:\n  m: {type: nat, management: true}\n"
            var bomb = "a: &a [x, x, x, x, x, x, x, x]\n"
            for (name, before) in zip("bcdefghij", "abcdefghi") {
                bomb += "\(name): &\(name) [" + Array(repeating: "*\(before)", count: 8).joined(separator: ", ") + "]\n"
            }
            let files: [(name: String, text: String, expected: String)] = [
                ("empty", "", "the file is empty"),
                ("binary", "\u{0}\u{1}\u{2}", "is binary"),
                ("bomb", bomb + "domains: {v: {nics: *j}}\n", "aliases"),
                ("types", "domains: [1]\nnets: 3\n", "domains: found a list"),
                (
                    "hardware",
                    "domains:\n" + Self.machine("v", "m", "machine: nope, cpu_model: nosuch, ") + nets,
                    "libvirt has no machine type \"nope\" on this host; it has "
                ),
                ("processor", "domains:\n" + Self.machine("v", "m", "cpu_model: nosuch, ") + nets, "libvirt has no CPU model \"nosuch\""),
                ("domain", "domains:\n" + Self.machine("v") + "nets:\n  m: {dns_domain_name: \"o'x\"}\n", "allowed: a DNS name"),
                ("twice", "domains:\n" + Self.machine("v") + Self.machine("v") + nets, "this key is already there"),
                ("net", "domains:\n" + Self.machine("v", "zz") + nets, "unrecognized network in v: zz, available: m"),
                ("none", "domains:\n" + Self.machine("v", "n") + nets + "  n: {type: nat}\n", "VM v has no management network"),
                (
                    "both", "domains:\n  v: {nics: [{net: m}, {net: n}], disks: []}\n" + nets + "  n: {type: nat, management: true}\n",
                    "more than one management network"
                ),
                (
                    "address", "domains:\n  v: {nics: [{net: m, ip: 192.168.200.9}]}\n  w: {nics: [{net: m, ip: 192.168.200.9}]}\n" + nets,
                    "is given twice"
                ),
                ("successor", "networks: {a: {}}\nvms: {b: {}}\n", "this file has `networks` and `vms`"),
                (
                    "template", "domains:\n" + Self.machine("v").replacingOccurrences(of: "tiny", with: "nowhere") + nets,
                    "Image nowhere doesn't exist"
                ),
                ("vmtype", "domains:\n" + Self.machine("v", "m", "vm-type: ovirt, ") + nets, "Unknown VM type: ovirt"),
            ]
            for (name, text, expected) in files {
                let file = try product.workspace.write(name, text)
                try await refuse(product, ["init", product.workdir, file], "\(file):", expected)
            }
            for name in ["a/b", "..", "'a b'", "\"a'b\"", "'a\"b'", "\"a\\nb\""] {
                let file = try product.workspace.write("name", "domains:\n" + Self.machine(name) + nets)
                try await refuse(product, ["init", product.workdir, file], "cannot name a VM; allowed: ")
            }
            try await refuse(
                product, ["init", product.workdir, product.workspace.path + "/missing"], "Unable to find init file: ", "init-examples")
            try await refuse(product, ["init", product.workdir, product.workspace.path], "this is a directory")
            let big = try product.workspace.write("big", "")
            try await Tool.run("truncate", ["-s", "50M", big])
            try await refuse(product, ["init", product.workdir, big], "larger than")
            try await refuse(
                product, ["init", product.workdir, Self.twoMachines, "--template-repo-path", "/missing.json"], "Unable to load repo")
            try await refuse(
                product, ["init", product.workdir, Self.twoMachines, "--template-repo-name", "zz"], "no template repository called zz")
            try await refuse(product, ["-P", "../x", "init", product.workdir, Self.twoMachines], "cannot be a prefix name")
            try expectNothing(product)
        }

        /// The repository offers other bytes under the same version; then somebody writes into the store's.
        @Test(.timeLimit(.minutes(2))) func aTemplateThatIsNotWhatItWas() async throws {
            let product = try Product()
            let image = product.workspace.path + "/images/deb"
            try Directories.make(product.workspace.path + "/images")
            try await Tool.run("qemu-img", ["create", "-q", "-f", "raw", image, "4M"])
            try AtomicFile.write(try await Digest.file(image).sha1, to: image + ".hash")
            let repository = try product.workspace.write(
                "repo.json",
                """
                {"name": "acme-it", "sources": {"disk": {"type": "file", "args": {"root": "\(product.workspace.path)/images"}}},
                 "templates": {"deb": {"versions": {"1": {"source": "disk", "handle": "deb", "timestamp": 1}}}}}
                """)
            let file = try product.workspace.write(
                "one.yaml",
                "domains:\n  v: {memory: 128, bootstrap: none, nics: [{net: m}], disks: [{template_name: deb, type: template, name: root, dev: vda,"
                    + " format: qcow2}]}\nnets:\n  m: {type: nat, management: true}\n")
            let from = ["--template-repo-path", repository]
            let first = try await product.run(["init", product.workdir, file] + from)
            #expect(first.status == 0 && !first.standardError.contains("warning"), "\(first)")

            try AtomicFile.write(String(repeating: "0", count: 40), to: image + ".hash")
            let told = "has another image for acme-it:deb:1 now"
            let second = try await product.run(["-P", "second", "init", product.workdir, file] + from)
            #expect(second.status == 0 && second.standardError.contains("warning: repo acme-it \(told)"), "\(second)")
            for words in [["list"], ["verify", "deb"]] {
                let result = try await product.run(["template"] + words + from)
                #expect(result.status == 0 && result.standardError.contains(told), "\(words): \(result)")
            }
            let shown = try await product.run(["-f", "json", "template", "show", "deb"] + from)
            let document = try JSONSerialization.jsonObject(with: Data(shown.standardOutput.utf8)) as? [String: Any]
            #expect((document?["note"] as? String)?.contains(told) == true, "\(shown)")

            let path = try #require(document?["path"] as? String)
            func write(_ byte: UInt8) throws {
                let handle = try #require(FileHandle(forWritingAtPath: path))
                try handle.seek(toOffset: 1 << 20)
                try handle.write(contentsOf: Data(repeating: byte, count: 4))
                try handle.close()
            }
            try write(7)
            try await refuse(product, ["start"], "is layered on a template that is not the same any more: template acme-it:deb:1 changed")
            #expect(try Product.leftovers().filter { $0.hasPrefix("domain") || $0.hasPrefix("network") } == [])
            try write(0)
            try await product.succeed("start")
            let blocked = try await product.run("template", "remove", "acme-it:deb:1")
            #expect(blocked.status == 2 && blocked.standardError.contains("is in use by"), "\(blocked)")
            try await product.succeed("destroy", "--yes", "--all-prefixes")
            try await product.succeed("template", "remove", "acme-it:deb:1")
            try expectNothing(product)
        }

        @Test(.timeLimit(.minutes(1))) func verbsWithoutWhatTheyNeed() async throws {
            let product = try Product()
            for verb in [
                ["start"], ["stop"], ["status"], ["wait"], ["logs"], ["list"], ["destroy", "--yes"], ["shell", "vm-a"],
                ["set-current", "x"],
            ] {
                try await refuse(product, verb, "Unable to find workdir in", "atoll init")
            }
            try await product.succeed("init", product.workdir, Self.twoMachines)
            for verb in [["start", "zz"], ["stop", "zz"], ["wait", "zz"], ["shell", "zz"], ["console", "zz"], ["logs", "zz"]] {
                try await refuse(product, verb, "zz", "there are: vm-a, vm-b")
            }
            for verb in [["shell", "vm-a", "true"], ["wait", "vm-a"]] { try await refuse(product, verb, "start it with: atoll start vm-a") }
            try await refuse(product, ["-P", "nope", "start"], "Unable to find prefix \"nope\"", "it holds: default")
            try await refuse(product, ["set-current", "nope"], "it holds: default")
            try await refuse(product, ["init", product.workdir, Self.twoMachines], "Prefix with name default already exists in workdir")
            try await refuse(product, ["-f", "yaml", "status"], "expected one of default, json")
            try await refuse(product, ["statsu"], "did you mean: atoll status")
            try await refuse(product, ["start", "--bogus"], "unknown option '--bogus' of 'start'")
            try await refuse(product, ["wait", "--timeout=-4"], "'-4' is invalid")
            try await refuse(product, ["logs", "--lines=-5"], "'-5' is invalid")
            try await refuse(
                product, ["destroy"], "nothing is destroyed; say yes with: atoll --workdir-path \(product.workdir) destroy --yes")
            #expect(try await product.run("status").status == 0)
            try await product.succeed("destroy", "--yes")
            try expectNothing(product)
        }

        /// With `-f json` standard output is JSON and nothing else: one object per line from changing verbs, the last one with the result.
        @Test(.timeLimit(.minutes(1))) func jsonOfEveryVerb() async throws {
            let product = try Product()
            func json(_ words: String...) async throws -> Any {
                let result = try await product.run(["-f", "json"] + words)
                return try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8))
            }
            func last(_ words: String...) async throws -> [String: Any] {
                let result = try await product.run(words + ["-f", "json"])
                let events = try result.standardOutput.split(separator: "\n").map {
                    try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any], "\($0)")
                }
                #expect(events.allSatisfy { $0["event"] is String })
                #expect(!result.standardError.contains("\"event\""))
                return try #require(events.last)
            }
            let failed = try await last("init", product.workdir, product.workspace.path + "/missing")
            #expect(failed["event"] as? String == "failed" && failed["code"] as? Int == 2)
            #expect((failed["error"] as? String)?.hasPrefix("Unable to find init file") == true)
            _ = try await json("init", "--dry-run", product.workdir, Self.twoMachines)
            _ = try await json("validate", Self.twoMachines)
            let invalid = try await json("validate", try product.workspace.write("bad", "domains: 3\n")) as? [String: Any]
            #expect(invalid?["valid"] as? Bool == false && (invalid?["findings"] as? [Any])?.isEmpty == false)

            let made = try await last("init", product.workdir, Self.twoMachines)
            #expect(made["event"] as? String == "done" && made["prefix"] as? String == product.workdir + "/default")
            let machines = made["vms"] as? [String: [String: Any]]
            #expect((machines?["vm-a"]?["address"] as? String)?.hasPrefix("192.168.") == true)
            #expect((made["next"] as? String)?.hasSuffix(" start") == true)
            for words in [["status"], ["list"], ["schema"], ["doctor"], ["template", "list"], ["logs"], ["start", "--dry-run"]] {
                let result = try await product.run(words + ["-f", "json"])
                _ = try JSONSerialization.jsonObject(with: Data(result.standardOutput.utf8))
            }
            #expect(try await last("start", "zz")["event"] as? String == "failed")
            #expect(try await last("set-current", "default")["current"] as? String == "default")
            #expect(try await last("start")["event"] as? String == "done")
            let waited = try await last("wait", "vm-a", "--timeout", "1")
            #expect(["failed", "ready"].contains(waited["event"] as? String))
            #expect(try await last("stop")["event"] as? String == "done")
            _ = try await json("destroy", "--dry-run", "--all-prefixes")
            #expect(try await last("destroy", "--yes")["destroyed"] as? [String] == [product.workdir + "/default"])
            try expectNothing(product)
        }

        @Test(.timeLimit(.minutes(1))) func templates() async throws {
            let product = try Product()
            let place = product.workspace.path
            try await Tool.run("qemu-img", ["create", "-q", "-f", "raw", "\(place)/base.raw", "4M"])
            try await Tool.run("qemu-img", ["create", "-q", "-f", "qcow2", "-F", "raw", "-b", "\(place)/base.raw", "\(place)/backed"])
            try await Tool.run("qemu-img", ["convert", "-O", "qcow2", "\(place)/base.raw", "\(place)/good"])
            let good = try AtomicFile.read("\(place)/good")
            try AtomicFile.write(good.prefix(70000), to: "\(place)/cut")
            try AtomicFile.write("this is text, and no image\n", to: "\(place)/text")
            try AtomicFile.write(good, to: "\(place)/hash")
            let names = ["backed", "cut", "text", "hash", "gone"]
            for name in names where name != "gone" {
                let sum = try await Tool.run("sha1sum", ["\(place)/\(name)"]).prefix(40)
                try AtomicFile.write(name == "hash" ? String(repeating: "0", count: 40) : String(sum), to: "\(place)/\(name).hash")
                try AtomicFile.write("{}", to: "\(place)/\(name).metadata")
            }
            let versions = names.map { "\"\($0)\": {\"versions\": {\"v1\": {\"source\": \"f\", \"handle\": \"\($0)\", \"timestamp\": 1}}}" }
            let repository = try product.workspace.write(
                "repo.json",
                "{\"name\": \"acme\", \"sources\": {\"f\": {\"type\": \"file\", \"args\": {\"root\": \"\(place)\"}}}, \"templates\": {\(versions.joined(separator: ", "))}}"
            )
            let before = try Directories.list("/var/lib/atoll/store")
            let expected = [
                "backed": "has the backing file", "cut": "acme:cut:v1 cannot be used", "text": "acme:text:v1 cannot be used",
                "hash": "does not match the expected hash", "gone": "does not exist",
            ]
            for name in names {
                let file = try product.workspace.write(
                    "init.yaml", "domains:\n" + Self.machine("v").replacingOccurrences(of: "tiny", with: name) + "nets: {m: {type: nat}}\n")
                try await refuse(
                    product, ["init", product.workdir, file, "--template-repo-path", repository], try #require(expected[name]))
            }
            #expect(try Directories.list("/var/lib/atoll/store") == before)
            try expectNothing(product)

            // Vanished between init and start: said before QEMU is asked, and start takes its network back.
            try await product.succeed("template", "import", "\(place)/good", "--name", "lost")
            let file = try product.workspace.write(
                "init.yaml",
                "domains:\n" + Self.machine("v").replacingOccurrences(of: "tiny", with: "local:lost:1") + "nets: {m: {type: nat}}\n")
            let made = try await product.run("init", product.workdir, file, "--skip-bootstrap")
            #expect(made.status == 0, "\(made)")
            try await refuse(product, ["template", "remove", "local:lost:1"], "is in use by")
            try Directories.removeTree("/var/lib/atoll/store/local:lost:1")
            try await refuse(
                product, ["start"], "is layered on /var/lib/atoll/store/local:lost:1, which is gone", "rolled back: ", "start network m")
            try await product.succeed("destroy", "--yes")
            for suffix in ["digests", "hash", "lock", "metadata"] {
                try Directories.removeTree("/var/lib/atoll/store/local:lost:1.\(suffix)")
            }
            try expectNothing(product)
        }

        @Test(.timeLimit(.minutes(1)), arguments: ["workdir", "images", "leases"]) func fullDisks(_ which: String) async throws {
            let product = try Product()
            // Directories that the verb would make come first, so that the filesystem can be put on the one that is to be full.
            let (place, size) =
                switch which {
                case "workdir": (product.workspace.path + "/full", "24k")
                case "images": ("/var/lib/atoll/images", "8k")
                default: (product.workspace.path + "/leases", "4k")
                }
            try Directories.make(place)
            try await Tool.run("mount", ["-t", "tmpfs", "-o", "size=\(size),mode=2770", "tmpfs", place])
            if which == "leases" { try AtomicFile.write([UInt8](repeating: 0, count: 4096), to: place + "/fill") }
            let workdir = which == "workdir" ? place + "/w" : product.workdir
            let words = ["init", workdir, Self.twoMachines] + (which == "leases" ? ["--lease_dir", place] : [])
            try await refuse(product, words, "o space left", "rolled back: ")
            #expect(!SystemCall.exists(workdir))
            if which == "leases" { #expect(try Directories.list(place).sorted() == ["fill", "subnet-lease.lock"]) }
            try await Tool.run("umount", [place])
            try expectNothing(product)
        }

        @Test(.timeLimit(.minutes(1))) func aUserWithoutRights() async throws {
            let product = try Product()
            try await product.succeed("init", product.workdir, Self.twoMachines)
            try await Tool.run("chmod", ["0755", product.workspace.path])
            let open = product.workspace.path + "/open"
            try Directories.make(open)
            try await Tool.run("chmod", ["0777", open])
            // As Lago's on a host where one is in another group.
            let closed = product.workspace.path + "/closed"
            try Directories.make(closed, mode: 0o755)
            for (group, words, expected) in [
                ("nogroup", ["init", open + "/w", Self.twoMachines], "join group libvirt"),
                ("nogroup", ["-w", product.workdir, "start"], "Join its group with: sudo usermod"),
                ("libvirt", ["init", "/etc/w", Self.twoMachines], "/etc cannot be written"),
                ("libvirt", ["init", open + "/w", Self.twoMachines, "--lease_dir", "/etc/leases"], "another with --lease-dir"),
                ("libvirt", ["init", open + "/w", Self.twoMachines, "--lease_dir", closed], "another with --lease-dir"),
                ("libvirt", ["-w", product.workdir, "status"], "belongs to root"),
                ("libvirt", ["-w", product.workdir, "start"], "belongs to root"),
                ("libvirt", ["-w", product.workdir, "destroy", "--yes"], "belongs to root"),
            ] {
                let result = try await Tool.output(
                    "setpriv", ["--reuid=nobody", "--regid=\(group)", "--clear-groups", product.binary] + words,
                    environment: ["ATOLL_SHARE": Product.root, "HOME": open])
                #expect(result.status == 2 && result.standardError.contains(expected), "\(words): \(result)")
            }
            #expect(try Directories.list(open) == [])
            try await product.succeed("destroy", "--yes")
            try expectNothing(product)
        }

        @Test(.timeLimit(.minutes(2))) func signalsAndLocks() async throws {
            let product = try Product()
            try await product.succeed("init", product.workdir, Self.twoMachines)
            func signalled(_ signal: String, after seconds: String, _ words: String...) async throws -> Tool.Output {
                try await Tool.output(
                    "timeout", ["--preserve-status", "-k", "60", "-s", signal, seconds, product.binary] + words,
                    environment: ["ATOLL_SHARE": Product.root, "HOME": product.workspace.path, "ATOLL_WORKDIR_PATH": product.workdir])
            }
            // A second verb says who works on the prefix, and can be ended while it waits.
            let name = try #require(try Directories.list("/var/lib/atoll/prefixes").first { $0.hasSuffix(".lock") })
            let lock = try #require(
                try FileLock.attempt("/var/lib/atoll/prefixes/" + name, note: "pid 4242 (start, since 2026-01-01T00:00:00Z)"))
            for (signal, code) in [("INT", Int32(130)), ("TERM", 143), ("HUP", 129)] {
                let second = try await signalled(signal, after: "1", "stop")
                #expect(second.status == code, "\(second)")
                #expect(second.standardError.contains("waiting for pid 4242 (start, since 2026-01-01T00:00:00Z), which works on"))
            }
            lock.release()
            // A wait that cannot end says what it waits for and what remains.
            let broken = try Product()
            let file = try broken.workspace.write(
                "broken.yaml",
                "domains: {b: {memory: 64, vcpu: 1, nics: [{net: m}], disks: [{type: empty, size: 1M, name: root, dev: vda, format: qcow2}]}}\n"
                    + "nets: {m: {type: nat, management: true}}\n")
            try await broken.succeed("init", broken.workdir, file)
            try await broken.succeed("start")
            let failed = try await broken.run("wait", "--timeout", "3")
            #expect(failed.status == 2)
            for words in [
                "wait 1 of 2, \"b answers on the network\"", "last seen: ", "the end of its console:", "try: ", "atoll console b",
            ] {
                #expect(failed.standardError.contains(words), "\(failed.standardError)")
            }
            let interrupted = try await Tool.output(
                "timeout", ["--preserve-status", "-s", "TERM", "2", broken.binary, "wait"],
                environment: ["ATOLL_SHARE": Product.root, "HOME": broken.workspace.path, "ATOLL_WORKDIR_PATH": broken.workdir])
            #expect(interrupted.status == 143, "\(interrupted)")
            #expect(
                interrupted.standardError.contains("was interrupted by SIGTERM")
                    && interrupted.standardError.contains("not done: wait for b"))
            try await broken.succeed("destroy", "--yes")
            // Wherever a start is hit, it ends by the signal with its own work taken back, or had just finished.
            let hit = try await signalled("INT", after: "0.3", "start")
            #expect([0, 130].contains(hit.status), "\(hit)")
            if hit.status == 130 { #expect(try await product.succeed("-f", "json", "status").contains("\"running\"") == false) }
            try await product.succeed("destroy", "--yes")
            try expectNothing(product)
        }

        @Test(.timeLimit(.minutes(1))) func readersThatGoAwayAndOutputThatCannotBeWritten() async throws {
            let product = try Product()
            try await product.succeed("init", product.workdir, Self.twoMachines)
            let variables = ["ATOLL_SHARE": Product.root, "ATOLL_WORKDIR_PATH": product.workdir, "ATOLL": product.binary]
            let head = try await Tool.output("bash", ["-c", "\"$ATOLL\" schema | head -1; echo ${PIPESTATUS[0]}"], environment: variables)
            #expect(head.standardOutput == "{\n0\n" && head.standardError.isEmpty, "\(head)")
            let full = try await Tool.output("bash", ["-c", "\"$ATOLL\" status >/dev/full"], environment: variables)
            #expect(full.status == 2 && full.standardError.contains("standard output could not be written: No space left"), "\(full)")
            // Names of VMs are completed, of the workdir that is in force.
            let names = try await Tool.output(
                product.binary, ["---completion", "start", "--", "positional@0", "2", "0", "atoll", "start", "vm-"], environment: variables)
            #expect(names.standardOutput == "vm-a\nvm-b\n", "\(names)")
            for shell in ["bash", "zsh", "fish"] { #expect(try await product.succeed("--generate-completion-script", shell).count > 1000) }
            try await product.succeed("destroy", "--yes")
            try expectNothing(product)
        }
    }
}
