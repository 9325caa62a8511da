import AtollHostPorts
import AtollLibvirt
package import AtollModel
package import AtollVirtXML

/// Disk snapshots of domains through libvirt.
package struct LibvirtSnapshots: DomainSnapshots {
    private let link: LibvirtLink

    package init(_ link: LibvirtLink) { self.link = link }

    package func create(_ snapshot: DiskSnapshot, ofDomain name: String, owner: PrefixID) async throws {
        try await link.use { connection in
            let domain = try connection.domain(named: name, owner: owner)
            try domain.createDiskSnapshot(xml: try VirtXML.text(snapshot, of: try DomainDescription(xml: try domain.xml())))
        }
    }

    package func commit(
        disk target: String, ofDomain name: String, owner: PrefixID, progress: @escaping @Sendable (Double) -> Void
    ) async throws {
        try await link.use { connection in
            let domain = try connection.domain(named: name, owner: owner)
            guard try DomainDescription(xml: try domain.xml()).diskTargets.contains(target) else {
                throw EnvironmentError(.notFound, "domain '\(name)': unknown disk '\(target)'")
            }
            try domain.startCommit(disk: target)
        }
        do {
            while true {
                try Task.checkCancellation()
                if try await finished(disk: target, ofDomain: name, owner: owner, progress) { return }
                try await Task.sleep(for: .milliseconds(50))
            }
        } catch {
            // Not cancelled with this task: the job must end, or the disk stays locked.
            let abort = Task { [link] in
                try await link.use { try $0.domain(named: name, owner: owner).finishBlockJob(disk: target, pivot: false) }
            }
            _ = await abort.result
            throw error
        }
    }

    package func topLayers(ofDomain name: String, owner: PrefixID) async throws -> [String: String] {
        try await link.use { connection in
            try DomainDescription(xml: try connection.domain(named: name, owner: owner).xml()).topLayers
        }
    }

    /// Makes the backing file the top layer as soon as it has all data. - Returns: whether it did.
    private func finished(
        disk target: String, ofDomain name: String, owner: PrefixID, _ progress: @escaping @Sendable (Double) -> Void
    ) async throws -> Bool {
        try await link.use { connection in
            let domain = try connection.domain(named: name, owner: owner)
            guard let job = try domain.blockJob(disk: target) else {
                throw EnvironmentError(.hostFailure, "domain '\(name)': the merge of disk '\(target)' failed; its log has the reason")
            }
            progress(job.fraction)
            guard job.isCopied else { return false }
            do {
                try domain.finishBlockJob(disk: target, pivot: true)
                return true
            } catch let error as LibvirtError where error.isBlockJobUnfinished {
                return false
            }
        }
    }
}
