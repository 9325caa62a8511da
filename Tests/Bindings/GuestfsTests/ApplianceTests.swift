import AtollTestSupport
import Foundation
import Testing

@testable import AtollGuestfs

@Suite struct ApplianceTests {
    @Test(arguments: [(3, true), (900, true), (960, true), (961, false), (5000, false), (-1, false)])
    func tooManyOpenFilesAreRefusedBeforeLibguestfsAborts(_ next: Int32, _ isAccepted: Bool) {
        #expect(((try? Appliance.checkDescriptors(next: next)) != nil) == isAccepted)
    }

    @Test func aMissingLibraryIsReportedWithAHint() {
        guard case .failure(let error) = GuestfsLibrary.open("libatoll-no-such.so.0") else { return #expect(Bool(false)) }
        #expect(error.code == .libraryMissing)
        #expect(error.description.contains("libatoll-no-such.so.0"))
        #expect(error.description.contains("atoll doctor"))
    }

    @Test func aMissingFunctionIsAnErrorNotACrash() throws {
        let library = try GuestfsLibrary.loaded()
        let error = #expect(throws: GuestfsError.self) { let _: Signature.Do = try library.function("guestfs_no_such_call") }
        #expect(error?.code == .libraryMissing)
    }

    @Test func aMissingDriveIsNamed() throws {
        let appliance = try Appliance()
        defer { appliance.close() }
        let error = #expect(throws: GuestfsError.self) { try appliance.add("/no/such/disk.raw", format: "raw") }
        #expect(error?.code == .drive)
        #expect(error?.description.contains("/no/such/disk.raw") == true)
    }

    @Test func drivesAreAcceptedBeforeLaunchAndCallsBeforeLaunchFail() throws {
        let workspace = try Workspace()
        let disk = try workspace.write("disk.raw", String(repeating: "\0", count: 1 << 16))
        let appliance = try Appliance(.init(forceTCG: true, memory: 512))
        defer { appliance.close() }
        try appliance.add(disk, format: "raw", readOnly: true, label: "root")
        let error = #expect(throws: GuestfsError.self) { try appliance.devices() }
        #expect(error?.description.contains("list the disks") == true)
    }

    @Test func aClosedApplianceRefusesCalls() throws {
        let appliance = try Appliance()
        appliance.close()
        appliance.close()
        appliance.cancel()
        #expect(throws: GuestfsError(.closed, "unmount all filesystems", "appliance is closed")) { try appliance.unmountAll() }
    }

    @Test func closingLeavesNoDirectory() throws {
        let process = try ApplianceProcess()
        #expect(FileManager.default.fileExists(atPath: process.directory))
        process.removeDirectory()
        #expect(!FileManager.default.fileExists(atPath: process.directory))
    }

    @Test func aLaunchFailureContainsTheLogAndAHint() {
        let error = GuestfsError(.launch, "start the appliance", "guestfs_launch failed", log: ["cannot find any suitable kernel"])
        #expect(error.description.hasPrefix("cannot start the libguestfs appliance: guestfs_launch failed"))
        #expect(error.description.contains("cannot find any suitable kernel"))
        #expect(error.description.contains("atoll doctor"))
    }

    @Test func theLogAssemblesLinesFromChunks() {
        let log = ApplianceLog()
        for piece in ["first li", "ne\r\nsecond", " line\n", "rest"] { Array(piece.utf8).withUnsafeBytes { log.append($0) } }
        #expect(log.tail == ["first line", "second line", "rest"])
    }

    @Test func theLogKeepsOnlyItsTail() {
        let log = ApplianceLog()
        for number in 0..<500 { Array("line \(number)\n".utf8).withUnsafeBytes { log.append($0) } }
        #expect(log.tail.count == 40)
        #expect(log.tail.last == "line 499")
    }
}
