import CGuestfs
import Foundation
import Glibc

/// The shared library, opened once per process on first use.
struct GuestfsLibrary: Sendable {
    /// Handle from dlopen, never closed; only dlsym reads it, which is thread-safe.
    private let address: UInt

    /// File name of the library; its ABI version has never changed.
    static let name = "libguestfs.so.0"

    private static let outcome: Result<GuestfsLibrary, GuestfsError> = open(name)

    static func loaded() throws(GuestfsError) -> GuestfsLibrary { try outcome.get() }

    static func open(_ name: String) -> Result<GuestfsLibrary, GuestfsError> {
        guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else {
            return .failure(GuestfsError(.libraryMissing, "load \(name)", dlerror().map { String(cString: $0) } ?? "not found"))
        }
        return .success(GuestfsLibrary(address: UInt(bitPattern: handle)))
    }

    /// A function of the library as a C function pointer of the caller's type.
    func function<F>(_ name: String, as type: F.Type = F.self) throws(GuestfsError) -> F {
        guard let symbol = dlsym(UnsafeMutableRawPointer(bitPattern: address), name),
            MemoryLayout<F>.size == MemoryLayout<UnsafeRawPointer>.size
        else { throw GuestfsError(.libraryMissing, "find \(name)", "the installed libguestfs lacks '\(name)'") }
        // Sound because F is always one of the @convention(c) types of `Signature`, which follow the library's header.
        return unsafeBitCast(symbol, to: F.self)
    }
}

/// C signatures of libguestfs functions, after guestfs.h. A nil or -1 result means failure.
enum Signature {
    typealias Handle = OpaquePointer?
    typealias Text = UnsafePointer<CChar>?
    typealias List = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    typealias ConstList = UnsafePointer<UnsafeMutablePointer<CChar>?>?

    typealias Create = @convention(c) (UInt32) -> Handle
    typealias Close = @convention(c) (Handle) -> Void
    typealias LastError = @convention(c) (Handle) -> Text
    typealias SetErrorHandler = @convention(c) (Handle, guestfs_error_handler_cb?, UnsafeMutableRawPointer?) -> Void
    typealias SetEventCallback = @convention(c) (Handle, guestfs_event_callback?, UInt64, Int32, UnsafeMutableRawPointer?) -> Int32

    typealias Do = @convention(c) (Handle) -> Int32
    typealias DoNumber = @convention(c) (Handle, Int32) -> Int32
    typealias DoText = @convention(c) (Handle, Text) -> Int32
    typealias DoList = @convention(c) (Handle, ConstList) -> Int32
    typealias DoTwoTexts = @convention(c) (Handle, Text, Text) -> Int32
    typealias DoThreeTexts = @convention(c) (Handle, Text, Text, Text) -> Int32

    typealias GetText = @convention(c) (Handle, Text) -> UnsafeMutablePointer<CChar>?
    typealias GetBytesAt =
        @convention(c) (Handle, Text, Int32, Int64, UnsafeMutablePointer<Int>?) -> UnsafeMutablePointer<CChar>?
    typealias GetList = @convention(c) (Handle) -> List
    typealias GetListOfText = @convention(c) (Handle, Text) -> List
    typealias GetStatus = @convention(c) (Handle, Text) -> UnsafeMutablePointer<guestfs_statns>?
    typealias FreeStatus = @convention(c) (UnsafeMutablePointer<guestfs_statns>?) -> Void
    typealias GetSubvolumes = @convention(c) (Handle, Text) -> UnsafeMutablePointer<guestfs_btrfssubvolume_list>?
    typealias FreeSubvolumes = @convention(c) (UnsafeMutablePointer<guestfs_btrfssubvolume_list>?) -> Void

    typealias AddDrive = @convention(c) (Handle, Text, UnsafePointer<guestfs_add_drive_opts_argv>?) -> Int32
    typealias TarIn = @convention(c) (Handle, Text, Text, UnsafePointer<guestfs_tar_in_opts_argv>?) -> Int32
    typealias Relabel = @convention(c) (Handle, Text, Text, UnsafePointer<guestfs_selinux_relabel_argv>?) -> Int32
}
