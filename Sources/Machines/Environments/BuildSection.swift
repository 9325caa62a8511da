import AtollHostPorts
import AtollModel
import OrderedCollections

/// The `build` section of a disk (spec 6.6) as argument lists for virt-customize.
struct BuildSection {
    /// Path of the prefix's public key: what an empty `ssh-inject` means.
    var publicKey: String

    /// One list per entry, in order, without the disk.
    /// - Throws: `.malformed` naming a builder that is not known.
    func commands(_ section: Value?) throws -> [[String]] {
        try (section?.elements ?? []).compactMap { entry in
            // Only the first key of each entry ever counted.
            guard let (builder, options) = entry.members?.elements.first else { return nil }
            guard builder == "virt-customize" else {
                throw EnvironmentError(.malformed, "Command \(builder) is not supported as a build command; there is: virt-customize")
            }
            return (options.members ?? [:]).elements.flatMap(arguments)
        }
    }

    private func arguments(_ option: String, _ value: Value) -> [String] {
        let flag = option.count == 1 ? "-\(option)" : "--\(option)"
        switch value {
        case .list(let values) where !values.isEmpty: return values.flatMap { [flag, $0.text ?? ""] }
        case .null, .list, .string(""): return option == "ssh-inject" ? [flag, "root:file:\(publicKey)"] : [flag]
        default: return [flag, value.text ?? ""]
        }
    }
}
