import AtollModel
import Synchronization
import Testing

@testable import AtollBootstrap

@Suite struct SysprepTests {
    let book: RecipeBook
    init() throws { book = try RecipeBook(directory: RecipeTests.shipped) }

    private func disk(_ name: String, root: String? = nil) -> SysprepBatch.Disk {
        SysprepBatch.Disk(path: "/images/\(name).qcow2", format: .qcow2, identity: Samples.identity(name), rootPartition: root)
    }

    /// Runs over appliances made one after the other from `make`, and returns them.
    private func run(
        _ disks: [SysprepBatch.Disk], _ events: Events = Events(), make: @escaping @Sendable (Int) -> MemoryAppliance
    ) throws -> (outcomes: [SysprepBatch.Outcome], appliances: Int) {
        let count = Atomic(0)
        let run = SysprepRun(recipes: book, progress: { events.add($0) }) { _, _ in make(count.wrappingAdd(1, ordering: .relaxed).oldValue)
        }
        return (try run.prepare(disks), count.load(ordering: .relaxed))
    }

    final class Events: Sendable {
        private let list = Mutex<[SysprepBatch.Event]>([])
        func add(_ event: SysprepBatch.Event) { list.withLock { $0.append(event) } }
        var all: [SysprepBatch.Event] { list.withLock { $0 } }
    }

    @Test func oneApplianceForAllDisks() throws {
        nonisolated(unsafe) let guests = [MemoryFilesystem.debian(), .debian()]
        let (outcomes, appliances) = try run([disk("vm-a"), disk("vm-b")]) { _ in
            MemoryAppliance([
                ("/dev/sda", [.init(name: "/dev/sda1", type: "ext4", uuid: "aaaa", filesystem: guests[0])]),
                ("/dev/sdb", [.init(name: "/dev/sdb1", type: "ext4", uuid: "aaaa", filesystem: guests[1])]),
            ])
        }
        #expect(appliances == 1)
        #expect(outcomes.map(\.hostname) == ["vm-a", "vm-b"])
        #expect(outcomes.map(\.recipe) == ["debian", "debian"])
        #expect(guests.map { $0["/etc/hostname"] } == ["vm-a\n", "vm-b\n"])
    }

    @Test func disksAreNamedAsTheKernelDoes() {
        #expect(
            [0, 1, 25, 26, 51, 52, 701, 702].map(LiveAppliance.deviceName) == [
                "/dev/sda", "/dev/sdb", "/dev/sdz", "/dev/sdaa", "/dev/sdaz", "/dev/sdba", "/dev/sdzz", "/dev/sdaaa",
            ])
    }

    /// Asking for a type takes an emulated appliance longer than writing an identity.
    @Test func overlaysOnOneImageAreLookedAtOnce() throws {
        func asked(_ origins: [String?], type: String = "ext4") throws -> [String] {
            nonisolated(unsafe) let appliance = MemoryAppliance(
                origins.indices.map { index in
                    let device = "/dev/sd" + ["a", "b", "c"][index]
                    return (device, [.init(name: device + "1", type: type, uuid: "u\(index)", filesystem: MemoryFilesystem.debian())])
                })
            let disks = origins.enumerated().map { index, origin in
                var disk = disk("vm-\(index)")
                disk.origin = origin
                return disk
            }
            #expect(try run(disks) { _ in appliance }.outcomes.count == origins.count)
            return appliance.log.filter { $0.hasPrefix("type") }
        }
        #expect(try asked(["/store/a", "/store/a", "/store/b"]) == ["type /dev/sda1", "type /dev/sdc1"])
        #expect(try asked([nil, nil]) == ["type /dev/sda1", "type /dev/sdb1"])
        // Its clones are known by their own UUIDs, which have to be asked for.
        #expect(try asked(["/store/a", "/store/a"], type: "btrfs") == ["type /dev/sda1", "type /dev/sdb1"])
    }

    /// Equal volume groups and equal UUIDs: each clone must be written through its own physical volume.
    @Test func clonesWithEqualVolumeGroups() throws {
        nonisolated(unsafe) let guests = [MemoryFilesystem.debian(), .debian()]
        nonisolated(unsafe) var appliance: MemoryAppliance?
        _ = try run([disk("vm-a", root: "/dev/mapper/vg--0-root"), disk("vm-b")]) { _ in
            let made = MemoryAppliance(
                zip(["/dev/sda", "/dev/sdb"], guests).map { device, guest in
                    let root = MemoryAppliance.Device(name: "/dev/vg-0/root", type: "xfs", uuid: "xxxx", filesystem: guest)
                    return (
                        device,
                        [
                            .init(name: device + "1", type: "ext4", uuid: "bbbb", filesystem: MemoryFilesystem()),
                            .init(name: device + "2", type: "LVM2_member", volumes: [root]),
                        ]
                    )
                })
            appliance = made
            return made
        }
        #expect(guests.map { $0["/etc/hostname"] } == ["vm-a\n", "vm-b\n"])
        #expect(appliance?.log.filter { $0.hasPrefix("filter") } == ["filter /dev/sda2", "filter /dev/sdb2"])
        #expect(appliance?.mounted.isEmpty == true)
        #expect(appliance?.isClosed == true)
    }

    /// The kernel of one appliance cannot mount a clone of a btrfs it has written to.
    @Test func btrfsClonesTakeOneApplianceEach() throws {
        nonisolated(unsafe) let guests = [MemoryFilesystem.debian(), .debian()]
        let (outcomes, appliances) = try run([disk("vm-a"), disk("vm-b")]) { round in
            let present = round == 0 ? [0, 1] : [1]
            return MemoryAppliance(
                zip(["/dev/sda", "/dev/sdb"], present).map { device, guest in
                    (
                        device,
                        [
                            .init(
                                name: device + "1", type: "btrfs", uuid: "ffff", filesystem: MemoryFilesystem(),
                                subvolumes: ["@": guests[guest], "@home": MemoryFilesystem()])
                        ]
                    )
                })
        }
        #expect(appliances == 2)
        #expect(outcomes.map(\.hostname) == ["vm-a", "vm-b"])
        #expect(guests.map { $0["/etc/hostname"] } == ["vm-a\n", "vm-b\n"])
    }

    @Test func aDiskWithoutSystemIsNamedAndTheOthersAreFinished() throws {
        nonisolated(unsafe) let guest = MemoryFilesystem.debian()
        let error = try #require(throws: BootstrapError.self) {
            try run([disk("vm-a"), disk("vm-b")]) { _ in
                MemoryAppliance([
                    (
                        "/dev/sda",
                        [.init(name: "/dev/sda1", type: "swap"), .init(name: "/dev/sda2", type: "ext4", filesystem: MemoryFilesystem())]
                    ),
                    ("/dev/sdb", [.init(name: "/dev/sdb", type: "ext4", filesystem: guest)]),
                ])
            }
        }
        #expect(error.code == .noOperatingSystem)
        for part in ["vm-a", "/images/vm-a.qcow2", "partition 1 (swap), partition 2 (ext4)", "/etc/os-release", "bootstrap: none"] {
            #expect(error.message.contains(part), "\(part)")
        }
        #expect(guest["/etc/hostname"] == "vm-b\n")
    }

    @Test func fstabsOwnFilesystemsAreMounted() throws {
        nonisolated(unsafe) let guest = MemoryFilesystem.debian()
        guest.put(
            .text(
                "/etc/fstab",
                "UUID=root / ext4 x 0 1\nUUID=boot /boot ext4 defaults 0 2\n/dev/vdb1 /var xfs defaults 0 0\n/dev/sr0 /usr auto noauto 0 0\n"
            ))
        nonisolated(unsafe) var appliance: MemoryAppliance?
        let events = Events()
        _ = try run([disk("vm-a", root: "/dev/vda9")], events) { _ in
            let made = MemoryAppliance([
                (
                    "/dev/sda",
                    [
                        .init(name: "/dev/sda1", type: "ext4", uuid: "root", filesystem: guest),
                        .init(name: "/dev/sda2", type: "ext4", uuid: "boot", filesystem: MemoryFilesystem()),
                    ]
                )
            ])
            appliance = made
            return made
        }
        #expect(appliance?.log.filter { $0.hasPrefix("mount") } == ["mount /dev/sda2 /", "mount /dev/sda1 /", "mount /dev/sda2 /boot"])
        let notes = events.all.compactMap { if case .note(let text) = $0 { text } else { nil } }
        #expect(notes.count == 2)
        #expect(notes.first?.contains("root-partition /dev/vda9") == true)
        #expect(notes.last?.contains("/dev/vdb1 at /var") == true)
    }

    @Test func stopsBetweenDisksWhenCancelled() throws {
        let run = SysprepRun(recipes: book, progress: { _ in }) { _, _ in MemoryAppliance([]) }
        run.cancellation.cancel()
        #expect { try run.prepare([disk("vm-a")]) } throws: { ($0 as? BootstrapError)?.code == .cancelled }
    }
}
