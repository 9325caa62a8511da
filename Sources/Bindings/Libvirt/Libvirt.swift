import CLibvirt

/// Owning Swift handles over libvirt's C library: connections, domains, networks, filters, console streams, lifecycle events.
///
/// Every call is synchronous, throws `LibvirtError` and may block as long as the daemon likes: call it through
/// `Blocking.run`. Handles may be shared between threads, as libvirt documents. The room knows nothing of environments or of
/// the XML it carries. libvirt's own printing to stderr is silenced; the event loop is started only for a connection that
/// asks for events, because most verbs do not need it. Start with `Connection`.
package enum Libvirt {
    /// The version of the library this process runs with.
    package static func libraryVersion() -> LibvirtVersion {
        Library.prepare
        var number: UInt = 0
        virGetVersion(&number, nil, nil)
        return LibvirtVersion(number: number)
    }
}

/// A version as libvirt counts: 1,000,000 × major + 1,000 × minor + release.
package struct LibvirtVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    package var major: Int
    package var minor: Int
    package var release: Int

    package init(_ major: Int, _ minor: Int, _ release: Int) {
        self.major = major
        self.minor = minor
        self.release = release
    }

    init(number: UInt) { self.init(Int(number / 1_000_000), Int(number / 1_000 % 1_000), Int(number % 1_000)) }

    package static func < (a: Self, b: Self) -> Bool { (a.major, a.minor, a.release) < (b.major, b.minor, b.release) }

    package var description: String { "\(major).\(minor).\(release)" }
}
