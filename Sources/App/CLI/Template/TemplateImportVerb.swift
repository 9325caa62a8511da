import AtollCommands
import ArgumentParser
import AtollEnvironments
import AtollModel
import AtollPlatform
import AtollTemplates
import OrderedCollections

struct TemplateImportVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Import an image file as a template.",
        discussion: """
            The file is copied, hashed and converted to raw; it stays as it is. An image that refers to other files is refused.
            The import warns about files that belong to one VM (machine id, host keys, logs, …) and names them.
            An image compressed with xz, gzip, bzip2 or zstd is decompressed, up to 128 GiB.

            Example:
              atoll template import disk.qcow2 --name mine --metadata distro=debian --metadata bootstrap=sysprep
            """)
    @OptionGroup(title: "Global options") var global: GlobalOptions
    @OptionGroup var options: StoreOptions
    @Option(name: .customLong("name"), help: "Template name (default: the file's, without its ending).") var name: String?
    @Option(name: .customLong("version-name"), help: "Version.") var versionName = "1"
    @Option(name: .customLong("metadata"), help: "KEY=VALUE, several times: distro, arch, bootstrap, root-partition, …") var metadata:
        [String] = []
    @Option(name: .customLong("sha256"), help: "Refuse the file unless this is its digest.") var sha256: String?
    @Argument(help: "The image.", completion: .file()) var file: String

    func execute(_ session: Session) async throws {
        let session = options.applied(to: session)
        let catalog = try session.catalog()
        var values: OrderedDictionary<String, Value> = [:]
        for entry in metadata {
            let parts = entry.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw UsageError("--metadata takes KEY=VALUE, not \"\(entry)\"") }
            values[parts[0]] = .string(parts[1])
        }
        if let sha256, sha256.count != 64 || !sha256.allSatisfy(\.isHexDigit) {
            throw UsageError("--sha256 takes 64 hex digits, not \"\(sha256)\"; make them with: sha256sum \(ShellWord.quoted(file))")
        }
        let path = session.absolute(file)
        let stem = TemplateName.stem(ofFile: path)
        let name = try TemplateName(repository: TemplateCatalog.importedRepository, template: name ?? stem, version: versionName)
        let metadata = values
        let sha256 = sha256
        let made = try await session.runTemplateStep("import", "import \(file) as \(name)") {
            try await catalog.store.importImage(path, as: name, metadata: metadata, sha256: sha256, events: $0)
        }
        if let made {
            let context = try session.context()
            for warning in try await catalog.importWarnings(made) { context.note("warning: \(warning)") }
        }
        try await session.finish(with: [made], in: catalog)
    }
}
