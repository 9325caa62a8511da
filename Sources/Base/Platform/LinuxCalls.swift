import Glibc

/// Calls of the C library that Swift's Glibc module leaves out because their headers want `_GNU_SOURCE` or stand apart.
///
/// They are looked up once in the running process by name. All set `errno` as their manual pages say; where one is missing, the
/// stand-in fails with ENOSYS.
enum LinuxCalls {
    typealias GetAttribute = @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeMutableRawPointer?, Int) -> Int
    typealias SetAttribute = @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeRawPointer?, Int, Int32) -> Int32
    typealias SyncRange = @convention(c) (Int32, Int64, Int64, UInt32) -> Int32

    // Each type below is the prototype of getxattr(2), setxattr(2) and sync_file_range(2) on 64-bit Linux: that makes the casts hold.
    static let getxattr: GetAttribute =
        symbol("getxattr").map { unsafeBitCast($0, to: GetAttribute.self) } ?? { _, _, _, _ in Int(absent()) }
    static let setxattr: SetAttribute =
        symbol("setxattr").map { unsafeBitCast($0, to: SetAttribute.self) } ?? { _, _, _, _, _ in absent() }
    static let syncFileRange: SyncRange =
        symbol("sync_file_range").map { unsafeBitCast($0, to: SyncRange.self) } ?? { _, _, _, _ in absent() }

    /// `whence` of lseek(2): the next data, the next hole.
    static let seekData: Int32 = 3
    static let seekHole: Int32 = 4
    /// `SYNC_FILE_RANGE_WRITE`: start writing dirty pages, wait for nothing.
    static let startWriteback: UInt32 = 2

    /// nil stands for RTLD_DEFAULT: what is loaded already.
    private static func symbol(_ name: String) -> UnsafeMutableRawPointer? { dlsym(nil, name) }

    private static func absent() -> Int32 {
        errno = ENOSYS
        return -1
    }
}
