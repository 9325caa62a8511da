package import AtollModel
package import AtollPlatform
import Foundation

/// Owner of a lease: the path of a prefix's uuid file, and the uuid it must contain.
package struct LeaseOwner: Sendable, Hashable {
    /// Absolute path of `PREFIX/uuid`.
    package var uuidPath: String
    package var uuid: String

    package init(uuidPath: String, uuid: String) {
        self.uuidPath = uuidPath
        self.uuid = uuid
    }
}

/// Content of one lease file.
package struct Lease: Sendable, Equatable {
    package enum Standing: Sendable, Equatable {
        case held(LeaseOwner)
        /// The prefix is gone or has another uuid; the subnet is free.
        case stale(LeaseOwner)
        /// The file is invalid; the subnet counts as taken. The text is the reason.
        case unreadable(String)
    }
    /// Third octet of 192.168.x.0/24.
    package var octet: UInt8
    package var file: String
    package var standing: Standing

    package var subnet: IPv4Subnet { IPv4Subnet(leasedThirdOctet: octet) }
    /// nil if stale or unreadable.
    package var holder: LeaseOwner? { if case .held(let owner) = standing { owner } else { nil } }

    /// The owner, whether or not its prefix still exists; nil if unreadable.
    package var owner: LeaseOwner? {
        switch standing {
        case .held(let owner), .stale(let owner): owner
        case .unreadable: nil
        }
    }

    /// Reads one lease file; nil if it was removed meanwhile.
    static func read(_ file: String, octet: UInt8) -> Lease? {
        let text: String
        do { text = try AtomicFile.text(file, limit: 1 << 16) } catch {
            guard SystemCall.exists(file) else { return nil }
            return Lease(octet: octet, file: file, standing: .unreadable("\(error)"))
        }
        guard let list = try? JSONDecoder().decode([String].self, from: Data(text.utf8)), list.count == 2, list[0].hasPrefix("/") else {
            return Lease(
                octet: octet, file: file,
                standing: .unreadable("'\(file)' is not a lease: expected [\"/PREFIX/uuid\", \"UUID\"]; remove it if it is not in use"))
        }
        let owner = LeaseOwner(uuidPath: list[0], uuid: list[1])
        return Lease(octet: octet, file: file, standing: isStale(owner) ? .stale(owner) : .held(owner))
    }

    /// Whether the prefix is known to be gone. A uuid file that cannot be read counts as existing.
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
    /// Destination of the route as a network.
    package var subnet: IPv4Subnet { IPv4Subnet(containing: IPv4Address(rawValue: base), prefixLength: prefixLength) }

    /// Whether it is a default route or a part of one, as VPNs add: wider than every private range.
    package var isDefault: Bool { prefixLength < 8 }

    /// Whether a network of ours (a /24) cannot overlap it. The longest prefix wins, so a wider route yields to ours; on a link, the
    /// hosts there would become unreachable.
    package var isConflicting: Bool { prefixLength >= 24 || isOnLink && !isDefault }

    /// The command that removes it, or nil where that could cut this host off: a wider route, one through a gateway or a tunnel.
    package var removal: String? { isOnLink && prefixLength >= 24 ? "ip route del \(subnet) dev \(device)" : nil }
}
