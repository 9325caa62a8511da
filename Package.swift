// swift-tools-version: 6.2
import PackageDescription

/// A room of the house: one folder under `Sources/`, one target, one number. A room imports only rooms with a lower
/// number; `scripts/check` compares the edges below with the numbers in `scripts/rooms.tsv`.
struct Room {
    var name: String
    /// Rooms (and C system libraries) this one imports, by folder name.
    var uses: [String] = []
    /// Products of other packages.
    var products: [Target.Dependency] = []
    var hasTests = true
    /// Files that the build puts into the program, for other interpreters to run.
    var embedded: [String] = []
    /// Folders of its tests that are read at run time, not compiled.
    var fixtures: [String] = []
    /// Whether its tests run on the fake host.
    var testsUseFakes = false
}

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "_CryptoExtras", package: "swift-crypto")
let collections = Target.Dependency.product(name: "OrderedCollections", package: "swift-collections")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let systemLibraries: [Target] = [
    .systemLibrary(name: "CLibvirt", path: "Sources/CLibvirt", pkgConfig: "libvirt", providers: [.apt(["libvirt-dev"])]),
    .systemLibrary(
        name: "CLibvirtQemu", path: "Sources/CLibvirtQemu", pkgConfig: "libvirt-qemu", providers: [.apt(["libvirt-dev"])]),
    // Not linked: the Guestfs room loads the library on first use, so that no other verb pays for it.
    .systemLibrary(name: "CGuestfs", path: "Sources/CGuestfs", providers: [.apt(["libguestfs-dev"])]),
    .systemLibrary(name: "CSSH2", path: "Sources/CSSH2", pkgConfig: "libssh2", providers: [.apt(["libssh2-1-dev"])]),
]

let rooms: [Room] = [
    Room(name: "Model", products: [collections]),
    Room(name: "XML"),
    Room(name: "Platform", products: [subprocess, crypto, systemPackage]),
    Room(name: "InitFile", uses: ["Model"], products: [yams, collections]),
    Room(name: "Settings", uses: ["Model"], products: [yams, collections]),
    Room(name: "Planning", uses: ["Model", "Platform"]),
    Room(name: "Libvirt", uses: ["CLibvirt", "CLibvirtQemu", "Platform"]),
    Room(name: "Guestfs", uses: ["CGuestfs", "Platform"]),
    Room(name: "SSH", uses: ["CSSH2", "Platform"], products: [crypto, cryptoExtras]),
    Room(name: "Claims", uses: ["Model", "Platform"]),
    Room(name: "VirtXML", uses: ["Model", "XML"], products: [collections], fixtures: ["Fixtures"]),
    Room(name: "DomainPlan", uses: ["Model", "XML", "VirtXML"], products: [collections], fixtures: ["Fixtures"]),
    Room(name: "DiskImages", uses: ["Model", "Platform"]),
    Room(name: "GuestAccess", uses: ["Model", "Platform", "SSH"]),
    Room(name: "Topology", uses: ["Model", "InitFile"], products: [collections]),
    Room(name: "Templates", uses: ["Model", "Platform", "InitFile", "Claims", "DiskImages", "Guestfs"], products: [collections]),
    Room(name: "Bootstrap", uses: ["Model", "Platform", "Guestfs", "InitFile"], products: [yams, collections, crypto]),
    Room(
        name: "Environments",
        uses: [
            "Model", "Platform", "Planning", "InitFile", "Libvirt", "Claims", "VirtXML", "DomainPlan", "XML", "DiskImages", "GuestAccess",
            "SSH", "Topology", "Templates", "Bootstrap",
        ],
        products: [collections], testsUseFakes: true
    ),
    Room(
        name: "Results", uses: ["Model", "XML", "Platform", "InitFile"], products: [yams, collections, asyncHTTPClient, nioCore, nioHTTP1]),
    Room(name: "Formula", uses: ["Model", "InitFile"], products: [collections]),
    Room(name: "Doctor", uses: ["Model", "Platform", "Libvirt", "Claims", "VirtXML", "Templates"]),
    Room(
        name: "Disposable",
        uses: [
            "Model", "Platform", "Planning", "InitFile", "SSH", "Claims", "DiskImages", "GuestAccess", "Templates", "Environments",
        ],
        products: [subprocess, systemPackage, collections], embedded: ["shim.sh"], testsUseFakes: true
    ),
    Room(
        name: "Tasks",
        uses: ["Model", "Platform", "Planning", "InitFile", "Claims", "GuestAccess", "Results", "Formula", "Disposable"],
        products: [subprocess, systemPackage, collections], embedded: ["Directives/python_shim.py"]
    ),
    Room(
        name: "CLI",
        uses: [
            "Model", "Platform", "Settings", "Planning", "InitFile", "Claims", "Topology", "Templates", "GuestAccess", "Environments",
            "Doctor", "Results", "Formula", "Disposable", "Tasks",
        ],
        products: [argumentParser, collections], fixtures: ["Fixtures"]
    ),
]

/// Every setting of every target, in one place.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Target names carry the package's name, because they must be unique in a user's whole package graph.
func target(_ room: String) -> String { room.hasPrefix("C") && room != "CLI" && room != "Claims" ? room : "Atoll" + room }

var targets = systemLibraries
for room in rooms {
    let uses = room.uses.map { Target.Dependency.target(name: target($0)) }
    targets.append(
        .target(
            name: target(room.name), dependencies: uses + room.products, path: "Sources/\(room.name)",
            resources: room.embedded.map { .embedInCode($0) }, swiftSettings: strict)
    )
    if room.hasTests {
        targets.append(
            .testTarget(
                name: target(room.name) + "Tests",
                dependencies: [.target(name: target(room.name)), "AtollTestSupport"] + (room.testsUseFakes ? ["AtollHostFakes"] : [])
                    + uses + room.products,
                path: "Tests/\(room.name)Tests",
                exclude: room.fixtures,
                swiftSettings: strict
            )
        )
    }
}
targets.append(
    .target(
        name: "AtollTestSupport", dependencies: ["AtollModel", "AtollPlatform", "AtollSSH"], path: "Sources/TestSupport",
        swiftSettings: strict))
targets.append(
    .target(
        name: "AtollHostFakes",
        dependencies: [
            "AtollTestSupport", "AtollEnvironments", "AtollModel", "AtollPlatform", "AtollClaims", "AtollGuestAccess", "AtollVirtXML",
            "AtollDomainPlan",
        ],
        path: "Sources/HostFakes", swiftSettings: strict))
targets.append(
    .executableTarget(
        name: "AtollMain",
        dependencies: [
            "AtollCLI", "AtollModel", "AtollPlatform", "AtollClaims", "AtollTemplates", "AtollBootstrap", "AtollEnvironments",
            "AtollDoctor", "AtollDisposable", "AtollTasks", "AtollResults",
        ],
        path: "Sources/AtollMain", swiftSettings: strict))
targets.append(
    .testTarget(
        name: "IntegrationTests",
        dependencies: [
            "AtollTestSupport", "AtollHostFakes", "AtollModel", "AtollPlatform", "AtollEnvironments", "AtollDomainPlan", "AtollVirtXML",
            "AtollDiskImages", collections,
        ], path: "Tests/IntegrationTests",
        swiftSettings: strict))

let package = Package(
    name: "atoll",
    products: [.executable(name: "atoll", targets: ["AtollMain"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: targets,
    swiftLanguageModes: [.v6]
)
