import CLibvirt

/// Owning Swift handles for libvirt's C library: connections, domains, networks, filters, console streams, lifecycle events.
///
/// Every call is synchronous, throws `LibvirtError` and may block as long as the daemon does: call it through
/// `Blocking.run`. Handles are thread-safe, as libvirt documents. This module has no knowledge of environments or of
/// the XML it passes on. libvirt's own output to stderr is disabled; the event loop starts only for a connection that
/// requests events, because most verbs do not need it. Start with `Connection`.
package enum Libvirt {
    /// Version of the loaded library.
    package static func libraryVersion() -> LibvirtVersion {
        Library.prepare
        var number: UInt = 0
        virGetVersion(&number, nil, nil)
        return LibvirtVersion(number: number)
    }
}

/// A version in libvirt's encoding: 1,000,000 × major + 1,000 × minor + release.
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
