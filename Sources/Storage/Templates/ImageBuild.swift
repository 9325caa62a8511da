import AtollCommands
import AtollGuestfs
import AtollModel
import AtollPlatform
import Foundation
import Glibc
import OrderedCollections
import Synchronization

/// Makes a bootable raw disk image from a recipe: mmdebstrap with the host's own package sources, its last hook writing the tree
/// into the partition with mke2fs; then one libguestfs appliance for the boot loader, which only a mounted filesystem can take.
enum ImageBuild {
    /// What is going on, and how far the whole is, 0…1, where that is known.
    typealias Progress = @Sendable (_ phase: String, _ fraction: Double?) -> Void

    /// Builds the image and puts it at `path`, replacing what is there; a failed or cancelled build leaves nothing.
    /// - Parameter forceTCG: whether the appliance must not use KVM.
    /// - Returns: the template's metadata.
    /// - Throws: `TemplateError.buildFailed` with the last words of the program that failed; `PlatformError`; `.cancelled`.
    static func build(_ recipe: ImageRecipe, to path: String, forceTCG: Bool, progress: @escaping Progress) async throws
        -> OrderedDictionary<String, Value>
    {
        let stage: ImageBuildStage
        do { stage = try await Blocking.run { try ImageBuildStage(recipe) } } catch { throw explained(error, recipe) }
        do {
            do { try await fill(stage, forceTCG: forceTCG, progress) } catch { throw explained(error, recipe) }
            progress("putting the image in place", 0.97)
            try await publish(stage.disk, to: path)
        } catch {
            try? await Blocking.run { stage.remove() }
            throw error is CancellationError || Task.isCancelled
                ? TemplateError(.cancelled, "building the template \(recipe.name) was interrupted; nothing of it was kept") : error
        }
        try await Blocking.run { stage.remove() }
        return recipe.imageMetadata
    }

    /// An error of the stage: one that comes of a full disk says what is needed, and where.
    static func explained(_ error: any Error, _ recipe: ImageRecipe) -> any Error {
        guard "\(error)".contains("No space left") else { return error }
        return TemplateError(
            .noSpace, "\(error)\nThere is no room left in \(ImageBuildStage.base). \(ImageBuildStage.needs(recipe))")
    }

    private static func fill(_ stage: ImageBuildStage, forceTCG: Bool, _ progress: @escaping Progress) async throws {
        try await debootstrap(stage, progress)
        try Task.checkCancellation()
        progress("installing the boot loader", 0.75)
        try await installLoader(stage, forceTCG: forceTCG)
        try Task.checkCancellation()
    }

    /// The arguments of mmdebstrap, apart from release, target and sources.
    static func arguments(_ stage: ImageBuildStage, aptOptions: String?, credentials: [String]) -> [String] {
        let recipe = stage.recipe
        func hook(_ time: String, _ name: String) -> String { "--\(time)-hook=\(stage.directory)/hooks/\(name)" }
        var arguments = [
            "--skip=cleanup", "--format=null", "--variant=\(recipe.variant)", "--include=\(recipe.packages.joined(separator: ","))",
        ]
        arguments += recipe.pathExclude.map { "--dpkgopt=path-exclude=\($0)" } + recipe.pathInclude.map { "--dpkgopt=path-include=\($0)" }
        if let aptOptions { arguments.append("--aptopt=\(aptOptions)") }
        arguments += credentials.map { "--setup-hook=copy-in \($0) /etc/apt/" }
        if recipe.variant == "extract" {
            // mmdebstrap runs no later hook for this variant.
            return arguments + ["prepare", "files", "customize", "finish"].map { hook("extract", $0) }
        }
        let merged = "/usr/share/mmdebstrap/hooks/maybe-merged-usr"
        if SystemCall.isDirectory(merged) { arguments.append("--hook-dir=\(merged)") }
        return arguments + ["prepare", "files"].map { hook("essential", $0) }
            + ["files", "customize", "finish"].map { hook("customize", $0) }
    }

    private static func debootstrap(_ stage: ImageBuildStage, _ progress: @escaping Progress) async throws {
        let suite = stage.recipe.suite
        let sources = try AptSources.ofHost(suite: suite)
        var target = [suite, "/dev/null"]
        if sources.text.isEmpty {
            progress("this host's apt has no \(suite): using mmdebstrap's own default", nil)
        } else {
            try AtomicFile.write(sources.text, to: stage.directory + "/host.sources")
            target.append(stage.directory + "/host.sources")
        }
        // Proxies may carry passwords: readable by others only where mmdebstrap will be another user id.
        let options = stage.directory + "/apt.conf"
        let dump = (try? await Tool.output("apt-config", ["dump"]).standardOutput) ?? ""
        try AtomicFile.write(AptSources.transport(dump), to: options, mode: geteuid() == 0 ? 0o600 : 0o644)
        let places = ["/etc/apt/auth.conf", "/etc/apt/auth.conf.d"]
        let credentials = places.filter {
            access($0, R_OK) == 0 && !(SystemCall.isDirectory($0) && ((try? Directories.list($0)) ?? []).isEmpty)
        }

        let words = LastLines()
        let told = Mutex("")
        let command = await ImageBuildProcesses.launcher() + ["mmdebstrap"]
        let status = try await Tool.stream(
            command[0], command.dropFirst() + arguments(stage, aptOptions: options, credentials: credentials) + target,
            environment: stage.environment
        ) { line in
            words.append(line)
            for (text, phase, fraction) in phases where line.hasPrefix(text) {
                let isNew = told.withLock { last in
                    defer { last = phase }
                    return last != phase
                }
                if isNew { progress(phase, fraction) }
            }
        }
        try Task.checkCancellation()
        guard status == 0 else {
            throw TemplateError(.buildFailed, "mmdebstrap ended with status \(status) while building \(stage.recipe.name):\n\(words.text)")
        }
    }

    /// Beginnings of mmdebstrap's lines that mark a new phase.
    private static let phases: [(String, String, Double)] = [
        ("I: running apt-get update", "reading package lists", 0.02), ("I: downloading packages", "downloading packages", 0.08),
        ("I: extracting archives", "unpacking the base", 0.2), ("I: installing essential", "installing the base", 0.25),
        ("I: installing remaining", "installing packages", 0.4), ("I: running --customize-hook", "customizing", 0.65),
        ("I: running --extract-hook", "customizing", 0.5),
    ]

    private static func installLoader(_ stage: ImageBuildStage, forceTCG: Bool) async throws {
        let appliance = try Appliance(Appliance.Options(forceTCG: forceTCG))
        try await withTaskCancellationHandler {
            try await Blocking.run {
                defer { appliance.close() }
                try appliance.add(stage.disk, format: "raw")
                try appliance.launch()
                try appliance.mount("/dev/sda1", options: "noatime")
                try appliance.installExtlinux("/boot/extlinux")
                try appliance.unmountAll()
                try appliance.shutdown()
            }
        } onCancel: {
            appliance.cancel()
        }
    }

    /// Renames the image into place, or copies it with its holes when that is another filesystem.
    private static func publish(_ disk: String, to path: String) async throws {
        try SystemCall.check("set the mode of \(disk)") { chmod(disk, 0o644) }
        if rename(disk, path) == 0 { return }
        guard errno == EXDEV else { throw SystemCall.failure("put \(path) in place") }
        let partial = path + ".partial"
        do {
            try await Tool.run("cp", ["--sparse=always", "--reflink=auto", "--", disk, partial])
            try SystemCall.check("put \(path) in place") { rename(partial, path) }
        } catch {
            unlink(partial)
            guard "\(error)".contains("No space left") else { throw error }
            throw PlatformError(.noSpace, "no space left while \(path) was written")
        }
    }
}

/// The last lines a program printed, for its failure's text; errors it marked as such come before mere progress.
private final class LastLines: Sendable {
    private let lines = Mutex<[String]>([])

    func append(_ line: String) {
        lines.withLock { lines in
            lines.append(line)
            if lines.count > 200 { lines.removeFirst(100) }
        }
    }

    var text: String {
        let all = lines.withLock { $0 }
        let marked = all.filter { $0.hasPrefix("E: ") || $0.hasPrefix("W: Failed") || $0.contains("rror: ") }
        return (marked.isEmpty ? all : marked).suffix(8).map { "  " + $0 }.joined(separator: "\n")
    }
}
