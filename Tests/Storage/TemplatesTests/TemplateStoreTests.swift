import AtollCommands
import AtollClaims
import AtollDiskImages
import AtollModel
import AtollPlatform
import AtollTemplates
import AtollTestSupport
import Dispatch
import Foundation
import Glibc
import OrderedCollections
import Synchronization
import Testing

@Suite struct TemplateStoreTests {
    let bench: TemplateBench
    let name: TemplateName
    init() throws {
        bench = try TemplateBench()
        name = try TemplateName(repository: "acme", template: "deb", version: "v1")
    }

    @Test(arguments: [true, false]) func anImportedImageIsRawVerifiedAndReadOnly(_ asQcow: Bool) async throws {
        let raw = try bench.raw("plain")
        let file = asQcow ? try await bench.qcow("disk") : raw
        let stored = try await bench.store.importImage(file, as: name, metadata: ["distro": "debian"])
        #expect(try await Digest.file(stored.path) == Digest.file(raw))
        #expect(stored.record?.source.sha256 == (try await Digest.file(file).sha256))
        #expect(stored.distro == "debian" && stored.virtualSize == 2 << 20 && stored.realSize < 2 << 20)
        #expect(try #require(SystemCall.status(stored.path)).st_mode & 0o333 == 0)
        #expect(bench.files == ["acme:deb:v1", "acme:deb:v1.digests", "acme:deb:v1.hash", "acme:deb:v1.metadata"])
        // Lago's file: sha1 of what came in.
        #expect(try AtomicFile.text(stored.path + ".hash") == stored.record?.source.sha1)
        // Bound at once: the next use is a look.
        let again = try await bench.store.ensureBound(name) { bench.note($0) }
        #expect(again == stored && bench.events.withLock { $0.isEmpty })
        let error = await #expect(throws: TemplateError.self) { try await bench.store.importImage(raw, as: name) }
        #expect(error?.code == .exists)
    }

    @Test func aTouchCostsARehashAndAChangeIsRefused() async throws {
        let stored = try await bench.store.importImage(try bench.raw("plain"), as: name)
        #expect(chmod(stored.path, 0o640) == 0)
        let rebound = try await bench.store.ensureBound(name) { bench.note($0) }
        #expect(rebound.record?.binding != stored.record?.binding)
        #expect(bench.events.withLock { $0.contains { if case .verifying = $0 { true } else { false } } })
        // One byte, with the modification time put back: the status time still tells.
        let before = try #require(SystemCall.status(stored.path))
        let descriptor = open(stored.path, O_WRONLY)
        #expect(pwrite(descriptor, [0xEE], 1, 1 << 20) == 1)
        var times = [before.st_atim, before.st_mtim]
        #expect(futimens(descriptor, &times) == 0)
        close(descriptor)
        let error = await #expect(throws: TemplateError.self) { try await bench.store.ensureBound(name) }
        #expect(error?.code == .changed && error?.message.contains("changed since it was verified") == true)
        #expect(await #expect(throws: TemplateError.self) { try await bench.store.verify(name) }?.code == .changed)
    }

    @Test func wrongHashesKeepNothing() async throws {
        let file = try await bench.qcow("disk")
        for incoming in [
            Incoming(.file(file), sha1: String(repeating: "a", count: 40)),
            Incoming(.file(file), sha256: String(repeating: "b", count: 64)),
        ] {
            let error = await #expect(throws: TemplateError.self) { try await bench.store.publish(name, incoming) }
            #expect(error?.code == .hashMismatch)
            #expect(error?.message.contains(incoming.sha1 ?? incoming.sha256 ?? "-") == true)
            #expect(bench.files == [])
        }
    }

    @Test func badImagesAreRefusedAndKeepNothing() async throws {
        let text = try bench.space.write("images/page", String(repeating: "<html>not found</html>\n", count: 512))
        let vmdk = try bench.space.write("images/vmdk", "KDMV" + String(repeating: "\0", count: 4092))
        let cut = try await bench.qcow("cut")
        #expect(truncate(cut, 300_000) == 0)
        let layered = bench.images + "/layered"
        try await QemuImg.createOverlay(layered, on: try bench.raw("base"), format: .raw)
        let split = bench.images + "/split"
        try await Tool.run("qemu-img", ["create", "-q", "-f", "qcow2", "-o", "data_file=\(bench.images)/data", split, "1M"])
        for (file, word) in [
            (text, "text"), (vmdk, "VMware"), (cut, "truncated"), (layered, bench.images + "/base"), (split, bench.images + "/data"),
        ] {
            let error = await #expect(throws: TemplateError.self) { try await bench.store.importImage(file, as: name) }
            #expect(error?.code == .badImage && error?.message.contains(word) == true, "\(error?.message ?? file)")
            #expect(bench.files == [])
        }
        #expect(
            await #expect(throws: TemplateError.self) { try await bench.store.importImage(bench.images + "/nothing", as: name) }?.code
                == .missing)
    }

    @Test func aFullStoreIsToldBeforeAnythingIsCopied() async throws {
        var store = bench.store
        store.freeBytes = { _ in 1 << 20 }
        let (full, file) = (store, try await bench.qcow("disk"))
        let error = await #expect(throws: TemplateError.self) { try await full.importImage(file, as: name) { bench.note($0) } }
        #expect(error?.code == .noSpace && error?.message.contains("1 MiB are free") == true)
        #expect(bench.files == [] && !bench.events.withLock { $0.contains { if case .copying = $0 { true } else { false } } })
    }

    @Test func aStoreThatCannotBeIsExplained() async throws {
        let blocked = TemplateStore(root: bench.root, directory: try bench.space.write("file", "") + "/store")
        let file = try bench.raw("plain")
        let error = await #expect(throws: TemplateError.self) { try await blocked.importImage(file, as: name) }
        #expect(error?.message.contains("/file/store") == true)
    }

    @Test func anImageThatShrinksMidwayKeepsNothing() async throws {
        let file = try bench.raw("plain", size: 16 << 20)
        let descriptor = open(file, O_WRONLY)
        let noise = [UInt8](repeating: 7, count: 16 << 20 - 512)
        #expect(pwrite(descriptor, noise, noise.count, 512) == noise.count)
        close(descriptor)
        let error = await #expect(throws: TemplateError.self) {
            try await bench.store.importImage(file, as: name) { if case .copying = $0 { truncate(file, 1 << 20) } }
        }
        #expect(error?.message.contains("became shorter") == true)
        #expect(bench.files == [])
    }

    @Test func anImageThatIsRemovedMidwayComesInWhole() async throws {
        let file = try bench.raw("plain")
        let sums = try await Digest.file(file)
        let stored = try await bench.store.importImage(file, as: name) { if case .copying = $0 { unlink(file) } }
        #expect(stored.record?.image == sums)
    }

    @Test func cancellingKeepsNothing() async throws {
        let file = try bench.raw("plain")
        #expect(truncate(file, 64 << 30) == 0)
        let (begun, signal) = AsyncStream<Void>.makeStream()
        let task = Task { try await bench.store.importImage(file, as: name) { if case .copying = $0 { signal.yield() } } }
        for await _ in begun { break }
        task.cancel()
        #expect(await #expect(throws: TemplateError.self) { try await task.value }?.code == .cancelled)
        #expect(bench.files == [])
    }

    @Test func twoAtOnceCopyOnce() async throws {
        let file = try await bench.qcow("disk")
        let all = try await withThrowingTaskGroup(of: StoredTemplate.self) { group in
            for _ in 0..<4 {
                group.addTask { [bench, name] in
                    // A store of its own: its lock is another open file, as in another process.
                    try await TemplateStore(root: bench.root).publish(name, Incoming(.file(file))) { bench.note($0) }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(all.count == 4 && all.allSatisfy { $0 == all[0] })
        let copies = bench.events.withLock {
            $0.filter { if case .copying(let done, let total) = $0 { done == total } else { false } }.count
        }
        #expect(copies == 1)
    }

    @Test func whoComesSecondIsToldWhomItWaitsFor() async throws {
        let file = try await bench.qcow("disk")
        let (copying, signal) = AsyncStream<Void>.makeStream()
        let isHeld = Atomic(false)
        let told = DispatchSemaphore(value: 0)
        let first = Task { [bench, name] in
            try await TemplateStore(root: bench.root).publish(name, Incoming(.file(file))) { event in
                guard case .copying = event, !isHeld.exchange(true, ordering: .relaxed) else { return }
                signal.yield()
                // It goes on once the second one stands in line.
                _ = told.wait(timeout: .now() + 30)
            }
        }
        for await _ in copying { break }
        let second = try await TemplateStore(root: bench.root).publish(name, Incoming(.file(file))) { [bench] event in
            bench.note(event)
            if case .waiting = event { told.signal() }
        }
        #expect(try await first.value == second)
        #expect(bench.events.withLock { $0.contains { if case .waiting(let holder) = $0 { holder.contains("fetching") } else { false } } })
    }

    @Test func leftoversOfAKilledProcessAreSwept() async throws {
        try bench.space.write("state/store/acme:deb:v1.tmp.999999.in", "half")
        try bench.space.write("state/store/acme:deb:v1.tmp.999999.raw", "half")
        try bench.space.write("state/store/acme:deb:v10.tmp.1.in", "another template's")
        #expect(try bench.store.list() == [])
        try await bench.store.importImage(try bench.raw("plain"), as: name)
        #expect(!bench.files.contains { $0.hasPrefix("acme:deb:v1.tmp") })
        #expect(bench.files.contains("acme:deb:v10.tmp.1.in"))
    }

    @Test func deathBetweenPublishingAndBindingHealsItself() async throws {
        let stored = try await bench.store.importImage(try bench.raw("plain"), as: name)
        let text = try AtomicFile.text(stored.path + ".digests")
        var object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        object["binding"] = nil
        try AtomicFile.write(try JSONSerialization.data(withJSONObject: object), to: stored.path + ".digests")
        #expect(bench.store.find(name)?.record?.binding == nil)
        #expect(try await bench.store.ensureBound(name).record?.binding == stored.record?.binding)
    }

    @Test func anImageThatLagoPutThereIsAdopted() async throws {
        try bench.root.prepare()
        let path = bench.store.path(name)
        try SystemCall.check("move") { rename(try! bench.raw("plain"), path) }
        try AtomicFile.write("0123", to: path + ".hash")
        let stored = try await bench.store.ensureBound(name) { bench.note($0) }
        #expect(stored.record?.binding != nil && bench.warnings.count == 1)
    }

    @Test func whatOverlaysBackOnStays() async throws {
        let used = try await bench.store.importImage(try bench.raw("a", seed: 1), as: name)
        let free = try await bench.store.importImage(
            try bench.raw("b", seed: 2), as: try TemplateName(repository: "acme", template: "deb", version: "v2"))
        let prefix = try await bench.prefix(on: used.path)
        #expect(try bench.store.listWithDependants().templates.map(\.usedBy.count) == [1, 0])
        let error = await #expect(throws: TemplateError.self) { try await bench.store.remove(name) }
        #expect(error?.code == .inUse && error?.message.contains(prefix.path) == true && error?.message.contains("vm_root.qcow2") == true)
        #expect(try await bench.store.collect(dryRun: true) == [free])
        #expect(try bench.store.list().count == 2)
        #expect(try await bench.store.collect(dryRun: false) == [free])
        #expect(try Directories.list(bench.store.directory).filter { $0.hasPrefix("\(free.name)") } == [])
        #expect(try bench.store.list() == [used])
        // The registry entry is lost, the images are not: still in use.
        try PrefixRegistry(bench.root).remove(try #require(prefix.id))
        #expect(try await bench.store.collect(dryRun: false) == [])
        try Directories.removeTree(bench.root.images(of: try #require(prefix.id)))
        try await bench.store.remove(name)
        #expect(try Directories.list(bench.store.directory).filter { $0.hasPrefix("\(name)") } == [])
        #expect(bench.files == [])
    }

    @Test func whatDisksLieOnThroughOtherImagesStays() async throws {
        func template(_ version: String) async throws -> StoredTemplate {
            try await bench.store.importImage(
                try bench.raw(version, seed: UInt8(version.count)),
                as: try TemplateName(repository: "acme", template: "deb", version: version))
        }
        let (deep, inPlace, free) = (try await template("v1"), try await template("v22"), try await template("v333"))
        // A user's own image on the template, by the name that images of Lago have for it.
        let (link, middle, top) = (bench.images + "/base:1", bench.images + "/mid.qcow2", bench.images + "/own.qcow2")
        try SymbolicLink.make(link, to: deep.path)
        try await QemuImg.createOverlay(middle, on: link, format: .raw)
        let prefix = try await bench.prefix(on: middle, format: .qcow2)
        // A disk that a prefix uses where it is.
        try await QemuImg.createOverlay(top, on: inPlace.path, format: .raw)
        try bench.space.write("w1/default/virt/vm-a", #"{"disks": [{"path": "\#(top)"}, {"path": "$LAGO_PREFIX_PATH/images/none"}]}"#)
        // Two that back on each other end a chain, and hide nothing.
        let images = bench.root.images(of: try #require(prefix.id))
        for (name, other) in [("a.qcow2", "b.qcow2"), ("b.qcow2", "a.qcow2")] {
            try await Tool.run(
                "qemu-img", ["create", "-q", "-u", "-f", "qcow2", "-b", "\(images)/\(other)", "-F", "qcow2", "\(images)/\(name)", "1M"])
        }
        for (stored, disk) in [(deep, "vm_root.qcow2"), (inPlace, "own.qcow2")] {
            let error = await #expect(throws: TemplateError.self) { try await bench.store.remove(stored.name) }
            #expect(error?.code == .inUse && error?.message.contains(disk) == true && error?.message.contains(prefix.path) == true)
        }
        #expect(try await bench.store.collect(dryRun: true) == [free])
        // A guest writes what it likes into a disk that is used as raw, and a fifo is waited for by whoever opens it.
        let forged = bench.space.path + "/forged.img"
        try await Tool.run("cp", [images + "/a.qcow2", forged])
        try await Tool.run("qemu-img", ["rebase", "-u", "-f", "qcow2", "-b", free.path, "-F", "raw", forged])
        #expect(mkfifo(images + "/pipe", 0o600) == 0)
        try bench.space.write("w1/default/virt/vm-b", #"{"disks": [{"path": "\#(forged)", "format": "raw"}]}"#)
        #expect(try await bench.store.collect(dryRun: true) == [free])
        try bench.space.write("w1/default/virt/vm-a", "{")
        let error = await #expect(throws: TemplateError.self) { try await bench.store.remove(free.name) }
        #expect(error?.code == .inUse && error?.message.contains("virt/vm-a") == true)
    }

    @Test func aStoreWithoutRoomIsToldBeforeAnythingIsMade() async throws {
        var store = bench.store
        store.freeBytes = { _ in 20 << 20 }
        let full = store
        let incoming = Incoming(
            .made(label: "recipe x", bytes: 36 << 20) { path in
                try AtomicFile.write("made", to: path)
                return [:]
            })
        let error = await #expect(throws: TemplateError.self) { try await full.publish(name, incoming) }
        #expect(error?.code == .noSpace && error?.message.contains("20 MiB are free. It needs about 100 MiB in the store") == true)
        #expect(error?.message.contains("atoll template gc") == true && bench.files == [])
        // Room there was, and it went while the image was made.
        let failing = Incoming(.made(label: "recipe x", bytes: 36 << 20) { _ in throw PlatformError(.noSpace, "no space left") })
        let late = await #expect(throws: TemplateError.self) { try await bench.store.publish(name, failing) }
        #expect(late?.code == .noSpace && late?.message.contains("no space left. It needs about 100 MiB") == true)
    }

    @Test func anOverlayThatCannotBeReadStopsRemoval() async throws {
        let stored = try await bench.store.importImage(try bench.raw("a"), as: name)
        let prefix = try await bench.prefix(on: stored.path)
        let overlay = bench.root.images(of: try #require(prefix.id)) + "/vm_root.qcow2"
        #expect(truncate(overlay, 40) == 0)
        let error = await #expect(throws: TemplateError.self) { try await bench.store.remove(name) }
        #expect(error?.message.contains("vm_root.qcow2") == true)
        await #expect(throws: TemplateError.self) { try await bench.store.collect(dryRun: true) }
        #expect(try bench.store.list().count == 1)
    }

    @Test func aTemplateThatIsNotThereIsNamedWithThoseThatAre() async throws {
        try await bench.store.importImage(try bench.raw("a"), as: name)
        let other = try TemplateName(repository: "acme", template: "deb", version: "v2")
        let error = #expect(throws: TemplateError.self) { try bench.store.show(other) }
        #expect(error?.code == .missing && error?.message.contains("did you mean acme:deb:v1?") == true)
        #expect(await #expect(throws: TemplateError.self) { try await bench.store.remove(other) }?.code == .missing)
    }
}
