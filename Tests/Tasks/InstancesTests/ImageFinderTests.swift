import AtollClaims
import AtollModel
import AtollPlatform
import AtollTemplates
import AtollTestSupport
import Foundation
import Glibc
import OrderedCollections
import Testing

@testable import AtollInstances

/// Recipes that nobody builds.
private struct ImaginaryRecipes: RecipeBuilder {
    func summary(of recipe: String) throws -> RecipeSummary {
        RecipeSummary(
            name: recipe, version: "1", digest: "d",
            metadata: ["distro": .string(recipe.hasPrefix("debian") ? "debian" : "tiny"), "arch": "x86_64"])
    }
    func build(_ recipe: String, to path: String, line: @escaping @Sendable (String) -> Void) async throws -> OrderedDictionary<
        String, Value
    > {
        [:]
    }
}

/// A directory of images, a store with one template, and a repository with two more.
private final class ImageBench: Sendable {
    let space: Workspace
    let images: TaskImages

    init(_ names: [String] = []) throws {
        space = try Workspace("images")
        let store = TemplateStore(root: StateRoot(path: space.path + "/state"))
        let text = """
            {"name": "atoll", "sources": {"r": {"type": "build"}}, "templates": {
             "debian-12": {"versions": {"1": {"source": "r", "handle": "debian-12", "timestamp": 1}}},
             "debian-12-cloud": {"versions": {"1": {"source": "r", "handle": "debian-12-cloud", "timestamp": 1}}},
             "tiny": {"versions": {"1": {"source": "r", "handle": "tiny", "timestamp": 1}}}}}
            """
        let catalog = TemplateCatalog(repository: try Repository.parse(text, path: "repo.json"), store: store, builder: ImaginaryRecipes())
        try space.write("state/store/atoll:tiny:1", "")
        try space.write("state/store/atoll:tiny:1.metadata", #"{"distro": "atoll-tiny", "arch": "x86_64"}"#)
        images = TaskImages(directory: space.path + "/imgs", catalog: catalog, recipes: ImaginaryRecipes())
        for name in names { try add(name) }
    }

    /// A disk of one sector with a partition table's mark.
    @discardableResult
    func add(_ name: String, bytes: [UInt8]? = nil) throws -> String {
        var disk = [UInt8](repeating: 0, count: 512)
        (disk[510], disk[511]) = (0x55, 0xAA)
        try Directories.make(space.path + "/imgs")
        let path = space.path + "/imgs/" + name
        try AtomicFile.write(bytes ?? disk, to: path)
        return path
    }

    func refusal(_ wish: ImageWish) -> String {
        let error = #expect(throws: DisposableError.self) { try images.choose(wish) }
        #expect(error?.code == .image)
        return error?.message ?? ""
    }
}

private let fedora = ImageCriteria(distro: "fedora", release: "23", flavor: "taskotron_cloud", arch: "x86_64")

@Suite struct ImageFinderTests {
    @Test("check 75: the newest image by name is found, other files are not seen") func newest() throws {
        let bench = try ImageBench([
            "151008_0223-fedora-23-taskotron_cloud-x86_64.img", "151008_0315-fedora-23-taskotron_cloud-x86_64.qcow2",
            "160101_0000-fedora-23-taskotron_cloud-x86_64.iso", "160101_0000-fedora-23-taskotron_cloud.img",
            "160101_0000-fedora-23-other-x86_64.raw",
            "160101_0000-fedora-23-taskotron_cloud-i386.raw", "16010_0000-fedora-23-taskotron_cloud-x86_64.raw", "notes.txt",
        ])
        let finder = bench.images.finder
        #expect(
            try bench.images.choose(ImageWish(criteria: fedora, isAsked: true)).image.name
                == "151008_0315-fedora-23-taskotron_cloud-x86_64.qcow2")
        #expect(try finder.all().count == 4)
        var unknown = fedora
        unknown.release = "24"
        #expect(try bench.images.find(unknown) == [])
    }

    @Test("check 75: what cannot be found is named by all criteria, the directory and what is there") func notFound() throws {
        let bench = try ImageBench(["151008_0223-fedora-23-taskotron_cloud-x86_64.img"])
        let wanted = ImageCriteria(distro: "fedora", release: "25", flavor: "cloud", arch: "ppc64le")
        let text = bench.refusal(ImageWish(criteria: wanted, isAsked: true))
        #expect(
            text.hasPrefix(
                "no image for distro fedora, release 25, flavor cloud and arch ppc64le: not in \(bench.space.path)/imgs, which has"
                    + " 151008_0223-fedora-23-taskotron_cloud-x86_64.img"))
        let nowhere = TaskImages(directory: bench.space.path + "/nowhere", catalog: nil)
        #expect(try nowhere.finder.all() == [])
        let absent = #expect(throws: DisposableError.self) { try nowhere.choose(ImageWish(criteria: wanted, isAsked: true)) }
        #expect(absent?.message.contains("/nowhere, which does not exist") == true)
    }

    @Test("check 75: force_imageurl ignores the directory") func forced() throws {
        let bench = try ImageBench(["151008_0223-fedora-23-taskotron_cloud-x86_64.img"])
        let other = try bench.add("other.raw")
        let chosen = try bench.images.choose(ImageWish(forcedURL: "file://" + other, criteria: fedora))
        #expect(chosen.image.origin == .file(path: other, format: .raw))
        #expect(bench.refusal(ImageWish(forcedURL: "https://server/x.qcow2")).contains("is on the web"))
        #expect(bench.refusal(ImageWish(forcedURL: "x.qcow2")).contains("file:///PATH is wanted"))
        // The command line beats it.
        #expect(try bench.images.choose(ImageWish(image: "tiny", forcedURL: "file://" + other)).image.name == "atoll:tiny:1")
    }

    @Test(arguments: [
        ("160301_1030-fedora-25-taskotron_cloud-x86_64.img", "x86_64"), ("160301_1030-fedora-25-cloud-x86_64-v2.raw", "x86_64-v2"),
    ]) func aNameIsTakenApart(_ name: String, _ arch: String) throws {
        let parsed = try #require(ImageFileName(name))
        #expect(parsed.distro == "fedora" && parsed.release == "25" && parsed.arch == arch && parsed.description == name)
    }

    @Test(arguments: [
        "", ".img", "160301_1030-fedora-25-cloud-x86_64.vmdk", "160301-fedora-25-cloud-x86_64.img", "160301_1030--25-cloud-x86_64.img",
        "x160301_1030-fedora-25-cloud-x86_64.img", "160301_1030-fedora-25-cloud-x86_64.img.part",
    ]) func otherNamesAreNone(_ name: String) { #expect(ImageFileName(name) == nil) }
}

@Suite struct TaskImagesTests {
    @Test func filesAndTemplatesAreOneListNewestFirst() throws {
        let bench = try ImageBench(["151008_0223-debian-12-cloud-x86_64.raw", "980101_0000-fedora-23-x-x86_64.img"])
        let list = try bench.images.list()
        #expect(
            list.map(\.name) == [
                "980101_0000-fedora-23-x-x86_64.img", "atoll:tiny:1", "151008_0223-debian-12-cloud-x86_64.raw", "debian-12",
                "debian-12-cloud",
            ])
        #expect(list.map(\.isReady) == [true, true, true, false, false])
        let tiny = list[1]
        #expect(tiny.distro == "atoll-tiny" && tiny.release == nil && tiny.arch == "x86_64" && tiny.timestamp?.count == 11)
        #expect(list[4].distro == "debian" && list[4].release == "12" && list[4].flavor == "cloud" && list[4].arch == "x86_64")
        #expect(
            try bench.images.find(ImageCriteria(distro: "debian", release: "12")).map(\.name) == [
                list[2].name, "debian-12", "debian-12-cloud",
            ])
        #expect(try bench.images.find(ImageCriteria(name: "*tiny*")).map(\.name) == ["atoll:tiny:1"])
        #expect(TaskImages.timestamp(Date(timeIntervalSince1970: 1_444_274_100)) == "151008_0315")
    }

    @Test func anImageIsNamedInManyWays() throws {
        let file = "151008_0223-debian-12-cloud-x86_64.raw"
        let bench = try ImageBench([file, "bare.img"])
        let path = bench.space.path + "/imgs/" + file
        func origin(_ name: String) throws -> VMRequest.Image { try bench.images.named(name).origin }
        #expect(try origin("debian-12") == .template("debian-12"))
        #expect(try origin("tiny") == .template("tiny"))
        #expect(try origin("atoll:tiny:1") == .template("atoll:tiny:1"))
        for name in [
            path, "file://" + path, file, "151008_0223-debian-12-cloud-x86_64", "debian:12", "debian:latest", "debian:",
            "debian:bookworm", "debian:Bookworm",
        ] {
            #expect(try origin(name) == .file(path: path, format: .raw), "\(name)")
        }
        #expect(try origin("bare.img") == .file(path: bench.space.path + "/imgs/bare.img", format: .raw))
        #expect(try origin("atoll-tiny:latest") == .template("atoll:tiny:1"))
        // A file that is named for the code name is what was meant; a release that is not there is not another one.
        let named = try bench.add("151008_0223-ubuntu-jammy-cloud-x86_64.raw")
        #expect(try origin("ubuntu:jammy") == .file(path: named, format: .raw))
        #expect(bench.refusal(ImageWish(image: "debian:trixie")).contains("there is no image debian:trixie: "))
    }

    @Test func whatIsDerivedChoosesOnlyWhatThereIs() throws {
        let bench = try ImageBench(["151008_0223-debian-12-cloud-x86_64.raw"])
        func choose(_ criteria: ImageCriteria, asked: Bool = false) throws -> (image: FoundImage, warnings: [String]) {
            try bench.images.choose(ImageWish(criteria: criteria, isAsked: asked))
        }
        #expect(try choose(ImageCriteria(arch: "x86_64")).image.name == "debian-12")
        #expect(try choose(ImageCriteria(distro: "debian", release: "12")).image.isFile)
        #expect(try choose(ImageCriteria(distro: "debian", release: "12", flavor: "cloud"), asked: true).warnings == [])
        let fallback = try choose(ImageCriteria(distro: "fedora", release: "25"))
        #expect(fallback.image.origin == .template("debian-12"))
        #expect(fallback.warnings.count == 1 && fallback.warnings[0].hasSuffix("; using the default image, debian-12"))
        let text = bench.refusal(ImageWish(criteria: ImageCriteria(distro: "fedora", release: "25"), isAsked: true))
        #expect(
            text.hasPrefix(
                "no image for distro fedora, release 25, flavor any and arch any: not in \(bench.space.path)/imgs, which has 151008"))
        #expect(text.contains("atoll:tiny:1, debian-12 (built on first use)"))
    }

    @Test func whatIsNotThereSaysWhatWasSearchedAndWhatIsNear() throws {
        let bench = try ImageBench()
        let text = bench.refusal(ImageWish(image: "debain-12"))
        #expect(
            text.hasPrefix(
                "there is no image debain-12: not in \(bench.space.path)/imgs, which does not exist; not among the templates of "))
        #expect(text.hasSuffix("; did you mean debian-12?"))
        #expect(bench.refusal(ImageWish(image: "/no/such.qcow2")).contains("cannot read '/no/such.qcow2': No such file"))
        #expect(bench.refusal(ImageWish(image: "https://x/y.qcow2")).contains("--image PATH"))
    }

    @Test("check 77: a damaged, foreign or empty image is refused before anything boots") func badImages() throws {
        let bench = try ImageBench()
        let qcow = Array("QFI\u{FB}".unicodeScalars.map { UInt8($0.value) }) + [0, 0, 0, 3] + [UInt8](repeating: 0xFF, count: 600)
        let bad: [(String, [UInt8])] = [
            ("a.qcow2", qcow), ("b.raw", Array("# not a disk\n".utf8)), ("c.img", []),
            ("d.img", Array("KDMV".utf8) + [UInt8](repeating: 0, count: 508)),
        ]
        for (name, bytes) in bad {
            try bench.add(name, bytes: bytes)
            #expect(bench.refusal(ImageWish(image: name)).contains("cannot be used"), "\(name)")
        }
    }
}
