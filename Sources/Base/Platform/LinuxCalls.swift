import Glibc

/// Calls of the C library that Swift's Glibc module leaves out because their headers want `_GNU_SOURCE` or stand apart.
///
/// They are looked up once in the running process by name. All set `errno` as their manual pages say; where one is missing, the
/// stand-in fails with ENOSYS.
package enum LinuxCalls {
    package typealias GetAttribute = @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int) -> Int
    package typealias SetAttribute = @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeRawPointer?, Int, Int32) -> Int32
    package typealias SyncRange = @convention(c) (Int32, Int64, Int64, UInt32) -> Int32

    package typealias MakePipe = @convention(c) (UnsafeMutablePointer<Int32>, Int32) -> Int32

    // Each type below is the prototype of getxattr(2), setxattr(2), sync_file_range(2) and pipe2(2) on 64-bit Linux: that makes the casts hold.
    package static let getxattr: GetAttribute =
        symbol("getxattr").map { unsafeBitCast($0, to: GetAttribute.self) } ?? { _, _, _, _ in Int(absent()) }
    package static let setxattr: SetAttribute =
        symbol("setxattr").map { unsafeBitCast($0, to: SetAttribute.self) } ?? { _, _, _, _, _ in absent() }
    package static let syncFileRange: SyncRange =
        symbol("sync_file_range").map { unsafeBitCast($0, to: SyncRange.self) } ?? { _, _, _, _ in absent() }
    // As above: the prototype of pipe2(2).
    package static let pipe2: MakePipe = symbol("pipe2").map { unsafeBitCast($0, to: MakePipe.self) } ?? { _, _ in absent() }

    /// `whence` of lseek(2): the next data, the next hole.
    package static let seekData: Int32 = 3
    package static let seekHole: Int32 = 4
    /// `SYNC_FILE_RANGE_WRITE`: start writing dirty pages, wait for nothing.
    package static let startWriteback: UInt32 = 2

    /// nil stands for RTLD_DEFAULT: what is loaded already.
    private static func symbol(_ name: String) -> UnsafeMutableRawPointer? { dlsym(nil, name) }

    private static func absent() -> Int32 {
        errno = ENOSYS
        return -1
    }
}
