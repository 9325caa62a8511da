import AtollCommands
import AtollModel
import AtollPlatform
import AtollTestSupport
import Foundation
import Glibc
import Testing

@testable import AtollTemplates

@Suite struct ImageBuildTests {
    private static func recipe(_ workspace: Workspace, variant: String = "minbase") throws -> ImageRecipe {
        try workspace.write(
            "images/mine/recipe.json",
            """
            { "name": "mine", "description": "d", "version": "1", "arch": "x86_64", "suite": "bookworm", "variant": "\(variant)",
              "packages": ["a", "b"], "path-exclude": ["/usr/share/doc/*"], "layers": ["shared"], "kernel-arguments": "quiet splash",
              "disk-size": "64M", "prune": ["/usr/include"], "metadata": {} }
            """)
        try workspace.write("images/mine/files/etc/hello", "hello")
        try workspace.write("images/shared/files/etc/first", "1")
        try workspace.write("images/hooks/finish", "")
        return try ImageRecipe.load(directory: workspace.path + "/images/mine")
    }

    @Test func theStageHoldsLayersInOrderAndADiskWithOneActivePartition() throws {
        let workspace = try Workspace()
        let stage = try ImageBuildStage(try Self.recipe(workspace))
        defer { stage.remove() }
        #expect(try Directories.list(stage.directory + "/layers") == ["00-shared", "01-mine"])
        #expect(try AtomicFile.text(stage.directory + "/extlinux.conf").contains("APPEND rw quiet splash"))
        #expect(try AtomicFile.text(stage.directory + "/prune") == "/usr/include\n")
        let disk = try AtomicFile.read(stage.disk, limit: 65 << 20)
        #expect(disk.count == 64 << 20)
        #expect(Array(disk[446..<462]) == [0x80, 0xfe, 0xff, 0xff, 0x83, 0xfe, 0xff, 0xff, 0, 8, 0, 0, 0, 0xf8, 1, 0])
        #expect(Array(disk[510..<512]) == [0x55, 0xaa])
        #expect((SystemCall.status(stage.disk)?.st_blocks ?? 99) < 32)
        stage.remove()
        #expect(!SystemCall.exists(stage.directory))
    }

    /// A process that a build of that stage left running.
    private static func sleeper(stage: String) throws -> pid_t {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sleep")
        process.arguments = ["60"]
        process.environment = ["ATOLL_STAGE": stage]
        // Foundation hands on the signals that this thread blocks, and one of Dispatch's blocks nearly all.
        var none = sigset_t(), blocked = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &blocked)
        defer { pthread_sigmask(SIG_SETMASK, &blocked, nil) }
        try process.run()
        return process.processIdentifier
    }

    @Test func whatABuildLeftRunningIsEndedAndNothingElse() async throws {
        let workspace = try Workspace()
        let directory = workspace.path + "/stage"
        let mine = try Self.sleeper(stage: directory)
        let other = try Self.sleeper(stage: directory + "2")
        let processes = ImageBuildProcesses(stage: directory)
        let others = ImageBuildProcesses(stage: directory + "2")
        defer { for pid in processes.running() + others.running() { kill(pid, SIGKILL) } }
        #expect(await eventually { processes.running() == [mine] })
        try await Blocking.run { processes.end(patience: 0.2) }
        #expect(processes.running() == [])
        #expect(others.running() == [other])
    }

    @Test func stagesOfKilledBuildsAreTakenAwayAndNoOthers() async throws {
        let workspace = try Workspace()
        let base = Directories.real(workspace.path)
        let dead = base + "/atoll-build-dead01"
        for name in ["atoll-build-dead01/tree/etc", "atoll-build-live01", "atoll-build-notes1", "atoll-build-copied", "other"] {
            try Directories.make(base + "/" + name)
        }
        // Only a stage has a file that names its own path: not a user's directory with such a name, nor one that was copied.
        for name in ["dead01", "live01"] { try workspace.write("atoll-build-\(name)/.atoll-stage", base + "/atoll-build-" + name) }
        try workspace.write("atoll-build-copied/.atoll-stage", dead)
        try workspace.write("atoll-build-notes1/thesis", "precious")
        let live = try #require(DirectoryHold(base + "/atoll-build-live01"))
        #expect(DirectoryHold(base + "/atoll-build-live01") == nil)
        let left = try Self.sleeper(stage: dead)
        let processes = ImageBuildProcesses(stage: dead)
        defer { for pid in processes.running() { kill(pid, SIGKILL) } }
        #expect(await eventually { processes.running() == [left] })
        #expect(ImageBuildStage.sweep(in: base, dryRun: true) == [dead] && processes.running() == [left])
        let swept = try await Blocking.run { ImageBuildStage.sweep(in: base) }
        #expect(swept == [dead])
        #expect(try Directories.list(base) == ["atoll-build-copied", "atoll-build-live01", "atoll-build-notes1", "other"])
        #expect(processes.running() == [])
        withExtendedLifetime(live) {}
        // The one being built is held.
        let stage = try ImageBuildStage(try Self.recipe(workspace))
        #expect(DirectoryHold(stage.directory) == nil)
        #expect(try AtomicFile.text(stage.directory + "/.atoll-stage") == stage.directory)
        stage.remove()
    }

    @Test func aStageWithoutRoomIsToldBeforeItIsMade() async throws {
        let workspace = try Workspace()
        let recipe = try Self.recipe(workspace)
        #expect(recipe.imageBytes == 8 << 20 && recipe.stageBytes == 520 << 20)
        var builder = ImageBuilder(directory: workspace.path + "/images", forceTCG: true)
        builder.freeBytes = { _ in 20 << 20 }
        let full = builder
        let error = await #expect(throws: TemplateError.self) { try await full.build("mine", to: workspace.path + "/out") { _ in } }
        #expect(error?.code == .noSpace && error?.message.contains("20 MiB are free in \(ImageBuildStage.base)") == true)
        // One that fills up while the build works.
        let words = "\(ImageBuild.explained(PlatformError(.toolFailed, "E: write (28: No space left on device)"), recipe))"
        #expect(
            words.hasPrefix("E: write") && words.contains("about 520 MiB") && words.contains("TMPDIR=DIRECTORY atoll template build mine"))
        #expect(error?.message.contains("about 520 MiB") == true && error?.message.contains("atoll template gc") == true)
    }

    /// The last hook, run on a tree; what makes the filesystem is replaced.
    @Test func theLastHookRemovesWhatBelongsToOneVM() async throws {
        let workspace = try Workspace()
        let stage = try ImageBuildStage(try Self.recipe(workspace))
        defer { stage.remove() }
        let hook = Checkout.root + "/templates/images/hooks/finish"
        try workspace.write("bin/unshare", "#!/bin/sh\n")
        chmod(workspace.path + "/bin/unshare", 0o755)
        let names = ["two words", "rsa"]
        let removed = IdentityPaths.removedByBuild.flatMap { pattern in names.map { pattern.replacing("*", with: $0) } }
        let kept = ["etc/machine-id", "etc/ssh/sshd_config", "var/lib/systemd/other", "etc/hello"]
        for path in removed + kept.map({ "/" + $0 }) { try workspace.write("a tree" + path, "x") }
        let result = try await Tool.output(
            "sh", [hook, workspace.path + "/a tree"],
            environment: ["ATOLL_STAGE": stage.directory, "PATH": "\(workspace.path)/bin:/usr/sbin:/usr/bin:/sbin:/bin"])
        #expect(result.status == 0, "\(result)")
        for path in removed { #expect(!SystemCall.exists(workspace.path + "/a tree" + path), "\(path)") }
        for path in kept { #expect(SystemCall.exists(workspace.path + "/a tree/" + path), "\(path)") }
        #expect(try AtomicFile.text(workspace.path + "/a tree/etc/machine-id") == "")
    }

    @Test func hooksRunAtTheTimeTheVariantKnows() throws {
        let workspace = try Workspace()
        let installed = try ImageBuildStage(try Self.recipe(workspace))
        defer { installed.remove() }
        let arguments = ImageBuild.arguments(installed, aptOptions: "/x/apt.conf", credentials: ["/etc/apt/auth.conf.d"])
        #expect(arguments.contains("--include=a,b") && arguments.contains("--dpkgopt=path-exclude=/usr/share/doc/*"))
        #expect(arguments.contains("--setup-hook=copy-in /etc/apt/auth.conf.d /etc/apt/"))
        #expect(arguments.last == "--customize-hook=\(installed.directory)/hooks/finish")
        let extracted = try ImageBuildStage(try Self.recipe(workspace, variant: "extract"))
        defer { extracted.remove() }
        let hooks = ImageBuild.arguments(extracted, aptOptions: nil, credentials: []).filter { $0.contains("-hook=") }
        #expect(hooks.count == 4 && hooks.allSatisfy { $0.hasPrefix("--extract-hook=") })
    }

    @Test func stanzasAreCutDownToTheRelease() {
        let text = """
            # comment
            Types: deb deb-src
            URIs: http://mirror.test/debian
            Suites: bookworm bookworm-updates trixie
            Components: main
            Signed-By:
             -----BEGIN PGP PUBLIC KEY BLOCK-----
             .
             abc

            Types: deb
            URIs: http://other.test/
            Suites: nodistro
            Components: main

            Enabled: no
            Types: deb
            URIs: http://off.test/
            Suites: bookworm
            """
        let stanzas = AptSources.fromStanzas(text, suite: "bookworm")
        #expect(stanzas.count == 1)
        #expect(stanzas.first?.contains("Types: deb\nSuites: bookworm bookworm-updates\nURIs: http://mirror.test/debian\n") == true)
        #expect(stanzas.first?.contains("Signed-By:\n -----BEGIN") == true)
    }

    @Test func linesBecomeStanzas() {
        let text = """
            deb [arch=amd64,arm64 signed-by=/usr/share/keyrings/a.gpg] http://mirror.test/debian bookworm main contrib # note
            deb http://mirror.test/security bookworm-security main
            deb-src http://mirror.test/debian bookworm main
            # deb http://off.test/ bookworm main
            deb http://mirror.test/debian trixie main
            """
        #expect(
            AptSources.fromLines(text, suite: "bookworm") == [
                """
                Types: deb
                Suites: bookworm
                URIs: http://mirror.test/debian
                Components: main contrib
                Architectures: amd64 arm64
                Signed-By: /usr/share/keyrings/a.gpg

                """,
                """
                Types: deb
                Suites: bookworm-security
                URIs: http://mirror.test/security
                Components: main

                """,
            ])
    }

    @Test func bothFormatsOfTheHostAreRead() throws {
        let workspace = try Workspace()
        try workspace.write("sources.list", "deb http://a.test/ bookworm main\n")
        try workspace.write("sources.list.d/b.sources", "Types: deb\nURIs: http://b.test/\nSuites: bookworm-security\nComponents: main\n")
        try workspace.write("sources.list.d/c.list.disabled", "deb http://c.test/ bookworm main\n")
        let text = try AptSources.ofHost(suite: "bookworm", directory: workspace.path).text
        #expect(text.contains("http://a.test/") && text.contains("http://b.test/") && !text.contains("http://c.test/"))
        #expect(try AptSources.ofHost(suite: "noble", directory: workspace.path).text.isEmpty)
    }

    @Test func onlyTheWayToTheSourcesIsTakenFromTheHostsApt() {
        let dump = """
            APT::Install-Recommends "1";
            Acquire::http::Proxy "http://proxy.test:3128";
            Acquire::Check-Valid-Until "false";
            Acquire::IndexTargets::deb::Packages::MetaKey "x";
            Dir::Etc "etc/apt";
            """
        #expect(AptSources.transport(dump) == "Acquire::http::Proxy \"http://proxy.test:3128\";\nAcquire::Check-Valid-Until \"false\";\n")
    }
}
