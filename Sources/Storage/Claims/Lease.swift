package import AtollModel
package import AtollPlatform
import Foundation

/// Who holds a subnet: the file with a prefix's uuid, and the uuid it must contain.
package struct LeaseOwner: Sendable, Hashable {
    /// Absolute path of `PREFIX/uuid`.
    package var uuidPath: String
    package var uuid: String

    package init(uuidPath: String, uuid: String) {
        self.uuidPath = uuidPath
        self.uuid = uuid
    }
}

/// One lease file, as found.
package struct Lease: Sendable, Equatable {
    package enum Standing: Sendable, Equatable {
        case held(LeaseOwner)
        /// The prefix is gone or has another uuid now; the subnet is free.
        case stale(LeaseOwner)
        /// The file makes no sense; the subnet counts as taken. The text says why.
        case unreadable(String)
    }
    /// Third octet of 192.168.x.0/24.
    package var octet: UInt8
    package var file: String
    package var standing: Standing

    package var subnet: IPv4Subnet { IPv4Subnet(leasedThirdOctet: octet) }
    /// nil when stale or unreadable.
    package var holder: LeaseOwner? { if case .held(let owner) = standing { owner } else { nil } }

    /// Who took it, whether or not that prefix is still there; nil when unreadable.
    package var owner: LeaseOwner? {
        switch standing {
        case .held(let owner), .stale(let owner): owner
        case .unreadable: nil
        }
    }

    /// Reads one lease file; nil when it vanished meanwhile.
    static func read(_ file: String, octet: UInt8) -> Lease? {
        let text: String
        do { text = try AtomicFile.text(file, limit: 1 << 16) } catch {
            guard SystemCall.exists(file) else { return nil }
            return Lease(octet: octet, file: file, standing: .unreadable("\(error)"))
        }
        guard let list = try? JSONDecoder().decode([String].self, from: Data(text.utf8)), list.count == 2, list[0].hasPrefix("/") else {
            return Lease(
                octet: octet, file: file,
                standing: .unreadable("\(file) is no lease ([\"/PREFIX/uuid\", \"UUID\"]); remove it if it is not in use"))
        }
        let owner = LeaseOwner(uuidPath: list[0], uuid: list[1])
        return Lease(octet: octet, file: file, standing: isStale(owner) ? .stale(owner) : .held(owner))
    }

    /// Only what is known to be gone is stale: a uuid file behind a closed door may well be alive.
    static func isStale(_ owner: LeaseOwner) -> Bool {
        do {
            let found = try AtomicFile.text(owner.uuidPath, limit: 4096)
            return found.trimmingCharacters(in: .whitespacesAndNewlines) != owner.uuid.trimmingCharacters(in: .whitespacesAndNewlines)
        } catch let error as PlatformError {
            return error.errno == ENOENT || error.errno == ENOTDIR
        } catch { return false }
    }
}

extension HostRoute {
    /// The route's destination as a network.
    package var subnet: IPv4Subnet { IPv4Subnet(containing: IPv4Address(rawValue: base), prefixLength: prefixLength) }

    /// The command that removes it; routes to nowhere have no device.
    package var removal: String { "ip route del \(subnet)" + (device == "*" || device.isEmpty ? "" : " dev \(device)") }
}
