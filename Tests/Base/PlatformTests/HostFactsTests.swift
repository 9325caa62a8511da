import AtollCommands
import AtollPlatform
import AtollTestSupport
import Glibc
import Testing

@Suite struct AccessControlTests {
    @Test func theEntryIsWhatSetfaclWouldWrite() async throws {
        let space = try Workspace()
        let file = try space.write("image", "x")
        let twin = try space.write("twin", "x")
        for path in [file, twin] { #expect(chmod(path, 0o640) == 0) }
        // nobody exists everywhere.
        do { try AccessControl.grant([.read, .write], on: file, to: "nobody") } catch let error as PlatformError
            where error.errno == EOPNOTSUPP
        {
            return
        }
        try await Tool.run("setfacl", ["-m", "u:nobody:rw", twin])
        let ours = try await Tool.run("getfacl", ["--omit-header", "--absolute-names", file])
        #expect(ours == (try await Tool.run("getfacl", ["--omit-header", "--absolute-names", twin])))
        #expect(ours.contains("user:nobody:rw-") && ours.contains("other::---"))
        #expect(AccessControl.granted(on: file, to: "nobody") == [.read, .write])
        // Granting again replaces, and lets everybody else's entries be.
        try AccessControl.grant(.read, on: file, to: "nobody")
        #expect(AccessControl.granted(on: file, to: "nobody") == .read)
        #expect(try await Tool.run("getfacl", ["--omit-header", "--absolute-names", file]).contains("group::r--"))
    }

    @Test func anUnknownUserIsAnError() throws {
        let space = try Workspace()
        let file = try space.write("image", "x")
        #expect(throws: PlatformError.self) { try AccessControl.grant(.read, on: file, to: "no-such-user-here") }
        #expect(AccessControl.granted(on: file, to: "nobody") == nil)
    }
}

@Suite struct RouteTests {
    @Test func routesAreReadAndDefaultsSkipped() {
        let text = """
            Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
            eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
            virbr0\t007AA8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
            tun0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0
            nonsense
            """
        #expect(
            Routes.parse(text) == [
                HostRoute(base: 0xC0A8_7A00, prefixLength: 24, device: "virbr0"),
                HostRoute(base: 0x0A00_0000, prefixLength: 8, device: "tun0"),
            ])
    }

    @Test func spaceIsKnownForAPathThatIsNotThereYet() {
        #expect(DiskSpace.available("/no/such/place/at/all") == DiskSpace.available("/"))
    }
}
