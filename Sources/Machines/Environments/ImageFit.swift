import AtollHostPorts
import AtollDocuments
import AtollDiskImages
import AtollModel
import AtollPlatform
import OrderedCollections

/// Whether the images that an init file names suit what it asks of their VMs. Templates can be looked at only once they are in the store.
struct ImageFit {
    let variables: [String: String]
    let templates: (any TemplateSource)?

    /// One finding per disk that would have to shrink and per VM whose image its firmware cannot start.
    func findings(_ spec: EnvironmentSpec, as severity: Diagnostic.Severity) async -> [Diagnostic] {
        var found: [Diagnostic] = []
        for domain in spec.domains.values {
            let place = FieldPath.keys("domains", domain.name)
            for (index, disk) in domain.disks.enumerated() {
                let image = await image(disk)
                if let problem = Self.shrinking(disk, below: image) {
                    found.append(
                        Diagnostic(severity, at: place.appending("disks").appending(index).appending("size"), in: spec.sources, problem))
                }
                if index == 0, let problem = Self.notStarted(domain, from: image) {
                    found.append(Diagnostic(severity, at: place.appending("firmware"), in: spec.sources, problem))
                }
            }
        }
        return found
    }

    private func image(_ disk: DiskSpec) async -> StoredImage? {
        switch disk.origin {
        case .template(let name, let version):
            return (try? await templates?.stored(template: name, version: version)) ?? nil
        case .qcow2(let written) where !written.isEmpty:
            let path = Directories.absolute(Expansion.expandPath(written, variables: variables), relativeTo: Directories.working())
            return StoredImage(name: path, path: path, format: .qcow2, metadata: [:])
        default: return nil
        }
    }

    private static func shrinking(_ disk: DiskSpec, below image: StoredImage?) -> String? {
        guard let size = disk.size, !size.isLeast, let image,
            let bytes = try? ImageHeader.virtualSize(of: image.path, format: image.format), size.bytes < bytes
        else { return nil }
        return
            "\(ByteSize(size.bytes)) is less than \(image.name) has, \(ByteSize(bytes)), and a disk cannot shrink; write that or more, or "
            + "\">= \(disk.raw["size"]?.text ?? "\(size.bytes)")\", or leave it out"
    }

    private static func notStarted(_ domain: DomainSpec, from image: StoredImage?) -> String? {
        guard let firmware = domain.firmware, let image, let offered = image.metadata["firmware"].map(Firmware.named), !offered.isEmpty,
            !offered.contains(firmware)
        else { return nil }
        let lacks = firmware == .uefi ? "has no EFI loader" : "has no loader that a BIOS starts"
        return "\(image.name) \(lacks): its metadata says firmware: \(offered.map(\.rawValue).joined(separator: ", ")). "
            + "Take another image, or ask for no firmware"
    }
}
