import AtollTestSupport
import Foundation
import Testing

@testable import AtollGuestfs

@Suite struct ApplianceProcessTests {
    @Test func orphanedDirectoriesAreRemovedAndLockedOnesKept() throws {
        let space = try Workspace()
        try space.write("atoll-guestfs-abcdef/libguestfsX/overlay1.qcow2", "left behind")
        try space.write("other/file", "not ours")
        let first = try ApplianceProcess(in: space.path)
        let second = try ApplianceProcess(in: space.path)
        let names = try FileManager.default.contentsOfDirectory(atPath: space.path).map { space.path + "/" + $0 }
        #expect(Set(names) == [first.directory, second.directory, space.path + "/other"])
        first.removeDirectory()
        second.removeDirectory()
        #expect(try FileManager.default.contentsOfDirectory(atPath: space.path) == ["other"])
    }
}
