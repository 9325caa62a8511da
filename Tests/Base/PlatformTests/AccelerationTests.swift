import AtollTestSupport
import Glibc
import Testing

@testable import AtollPlatform

@Suite struct AccelerationTests {
    private let space: Workspace
    private let device: String

    init() throws {
        space = try Workspace()
        device = try space.write("kvm", "")
    }

    private func probe(flags: String, machine: String = "x86_64", device: String? = nil) throws -> Acceleration {
        let info = try space.write("cpuinfo", "processor\t: 0\nvmx flags\t: vnmi\nflags\t\t: fpu \(flags) sse\n")
        return Acceleration.probe(.init(device: device ?? self.device, processorInfo: info, machine: machine, qemuUser: nil))
    }

    @Test func aDeviceNodeAloneIsNotEnough() throws {
        let found = try probe(flags: "hypervisor")
        #expect(!found.isUsable)
        #expect(found.reason.contains("neither vmx nor svm"))
    }

    @Test(arguments: ["vmx", "svm"]) func theProcessorsFlagMakesTheDifference(flag: String) throws {
        let found = try probe(flags: flag)
        #expect(found.isUsable)
        #expect(found.reason.contains(flag))
    }

    @Test func aFlagIsAWholeWord() throws { #expect(try !probe(flags: "xvmxx svm_lock").isUsable) }

    @Test func noDeviceSaysSo() throws {
        let found = try probe(flags: "vmx", device: space.path + "/absent")
        #expect(found == Acceleration(isUsable: false, reason: "there is no \(space.path)/absent"))
    }

    @Test func otherArchitecturesHaveNoFlagToAskFor() throws { #expect(try probe(flags: "", machine: "aarch64").isUsable) }

    @Test func aDeviceThatDoesNotOpenIsUseless() throws {
        // A directory cannot be opened for writing, whoever asks.
        let found = try probe(flags: "vmx", device: space.path)
        #expect(!found.isUsable && found.reason.contains("cannot be opened"))
    }
}

@Suite struct CapacityTests {
    @Test func memoryIsReadInBytes() throws {
        let file = try Workspace()
        let path = try file.write("meminfo", "MemTotal:       24682940 kB\nMemFree:         100 kB\nMemAvailable:   2048 kB\n")
        let found = try #require(Capacity.current(memoryInfo: path))
        #expect(found.availableMemory == 2 << 20)
        #expect(found.totalMemory == 24_682_940 << 10)
        #expect(found.processors >= 1)
    }

    @Test func aKernelThatSaysNothingIsNil() throws { #expect(Capacity.current(memoryInfo: "/nowhere") == nil) }

    @Test func accountsKnowTheirGroups() {
        #expect(Accounts.groups(of: "root").first == 0)
        #expect(Accounts.groups(of: "no-such-user-here").isEmpty)
        #expect(Accounts.userName(0) == "root")
        #expect(Accounts.userName(4_000_000_000) == "4000000000")
    }
}
