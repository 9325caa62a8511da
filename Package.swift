// swift-tools-version: 6.2
import PackageDescription

/// A folder under `Sources/LAYER/` with one job, and one target. A module imports modules of lower layers, and modules that
/// stand before it in its own layer. `scripts/check` compares the edges below, and the imports in the files, with the order in
/// `scripts/modules.tsv`.
struct Module {
    var name: String
    /// Modules and C system libraries that this one imports, by folder name.
    var uses: [String] = []
    /// Products of other packages.
    var products: [Target.Dependency] = []
    var hasTests = true
    /// What only its tests import beside that.
    var testUses: [String] = []
    var testProducts: [Target.Dependency] = []
    /// Files that the build embeds in the binary, for other interpreters to run.
    var embedded: [String] = []
    /// Folders of its tests that are read at run time, not compiled.
    var fixtures: [String] = []
}

/// One row of the import order: a folder under `Sources/`.
struct Layer {
    var folder: String
    var modules: [Module]
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
    .systemLibrary(name: "CLibvirt", path: "Sources/Bindings/CLibvirt", pkgConfig: "libvirt", providers: [.apt(["libvirt-dev"])]),
    .systemLibrary(
        name: "CLibvirtQemu", path: "Sources/Bindings/CLibvirtQemu", pkgConfig: "libvirt-qemu", providers: [.apt(["libvirt-dev"])]),
    // Not linked: the Guestfs module loads the library on first use, so that no other verb pays for it.
    .systemLibrary(name: "CGuestfs", path: "Sources/Bindings/CGuestfs", providers: [.apt(["libguestfs-dev"])]),
    .systemLibrary(name: "CCrypt", path: "Sources/Bindings/CCrypt", providers: [.apt(["libcrypt-dev"])]),
    .systemLibrary(name: "CSSH2", path: "Sources/Bindings/CSSH2", pkgConfig: "libssh2", providers: [.apt(["libssh2-1-dev"])]),
]

let layers: [Layer] = [
    Layer(
        folder: "Base",
        modules: [
            Module(name: "Model", products: [collections]),
            Module(name: "Platform", products: [crypto], testUses: ["Commands"]),
            Module(name: "XML"),
            Module(name: "Documents", uses: ["Model"], products: [collections, yams], hasTests: false),
            Module(name: "Archive", uses: ["Platform"], testUses: ["Commands"]),
            Module(name: "Commands", uses: ["Model", "Platform"], products: [subprocess, systemPackage]),
            Module(name: "Planning", uses: ["Model", "Platform"]),
            Module(name: "Settings", uses: ["Model"]),
        ]),
    Layer(
        folder: "Bindings",
        modules: [
            Module(name: "Libvirt", uses: ["CLibvirt", "CLibvirtQemu"], testUses: ["Platform"]),
            Module(name: "Guestfs", uses: ["CGuestfs"]),
            Module(name: "SSH", uses: ["Platform", "Commands", "CSSH2"], products: [crypto, cryptoExtras]),
        ]),
    Layer(
        folder: "Storage",
        modules: [
            Module(name: "Claims", uses: ["Model", "Platform"], testUses: ["Commands"]),
            Module(name: "DiskImages", uses: ["Model", "Platform", "Commands"]),
            Module(
                name: "Templates",
                uses: ["Model", "Platform", "Documents", "Commands", "Guestfs", "Claims", "DiskImages"],
                products: [collections]
            ),
        ]),
    Layer(
        folder: "Machines",
        modules: [
            Module(name: "InitFile", uses: ["Model", "Documents"], products: [collections]),
            Module(name: "Topology", uses: ["Model"], products: [collections], testUses: ["Documents", "InitFile"]),
            Module(name: "VirtXML", uses: ["Model", "XML"], products: [crypto, collections], fixtures: ["Fixtures"]),
            Module(name: "DomainPlan", uses: ["Model", "VirtXML"], products: [collections], fixtures: ["Fixtures"]),
            Module(
                name: "Bootstrap",
                uses: ["Model", "Platform", "Documents", "Archive", "CCrypt", "Guestfs"],
                products: [collections, yams],
                testUses: ["Commands"],
                testProducts: [crypto]
            ),
            Module(name: "GuestAccess", uses: ["Platform", "Commands", "SSH"]),
            Module(name: "HostPorts", uses: ["Model", "Platform", "VirtXML", "DomainPlan", "GuestAccess"], hasTests: false),
            Module(
                name: "LibvirtHost",
                uses: [
                    "Model", "Platform", "XML", "Documents", "Commands", "Libvirt", "SSH", "DiskImages", "Templates", "VirtXML",
                    "DomainPlan", "Bootstrap", "GuestAccess", "HostPorts",
                ],
                products: [collections],
                testUses: ["Claims"]
            ),
            Module(
                name: "Environments",
                uses: [
                    "Model", "Platform", "XML", "Documents", "Commands", "Planning", "Libvirt", "SSH", "Claims", "DiskImages",
                    "Templates", "InitFile", "Topology", "VirtXML", "DomainPlan", "Bootstrap", "GuestAccess", "HostPorts",
                ],
                products: [crypto, collections],
                testUses: ["LibvirtHost", "HostFakes"]
            ),
        ]),
    Layer(
        folder: "Tasks",
        modules: [
            Module(
                name: "Results",
                uses: ["Model", "Platform", "XML", "Documents"],
                products: [collections, yams, nioCore, nioHTTP1, asyncHTTPClient]
            ),
            Module(name: "Formula", uses: ["Model", "Documents"], products: [collections]),
            Module(
                name: "Instances",
                uses: [
                    "Model", "Platform", "Documents", "Archive", "Commands", "Planning", "SSH", "Claims", "DiskImages",
                    "Templates", "GuestAccess", "HostPorts", "Environments",
                ],
                products: [collections],
                testUses: ["InitFile", "HostFakes"],
                embedded: ["shim.sh"]
            ),
            Module(
                name: "Directives",
                uses: ["Model", "Platform", "Documents", "Archive", "Commands", "GuestAccess", "Results", "Formula", "Instances"],
                products: [collections],
                hasTests: false,
                embedded: ["python_shim.py"]
            ),
            Module(
                name: "TaskRuns",
                uses: [
                    "Model", "Platform", "Documents", "Archive", "Commands", "Planning", "Settings", "VirtXML", "GuestAccess",
                    "Results", "Formula", "Instances", "Directives",
                ],
                products: [collections, yams]
            ),
        ]),
    Layer(
        folder: "Services",
        modules: [
            Module(name: "Doctor", uses: ["Model", "Platform", "Commands", "Libvirt", "Claims", "VirtXML"]),
            Module(name: "Services", uses: ["Model", "Planning", "TaskRuns"]),
        ]),
    Layer(
        folder: "App",
        modules: [
            Module(
                name: "CLI",
                uses: [
                    "Model", "Platform", "Documents", "Commands", "Planning", "Settings", "Claims", "Templates", "InitFile",
                    "Topology", "GuestAccess", "HostPorts", "Environments", "Results", "Formula", "Instances", "Directives",
                    "TaskRuns", "Doctor",
                ],
                products: [collections, argumentParser],
                fixtures: ["Fixtures"]
            )
        ]),
]

/// Every setting of every target, in one place.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Target names carry the package's name, because they must be unique in a user's whole package graph.
@MainActor func target(_ module: String) -> String { systemLibraries.contains { $0.name == module } ? module : "Atoll" + module }

var targets = systemLibraries
for (layer, module) in layers.flatMap({ layer in layer.modules.map { (layer.folder, $0) } }) {
    let uses = module.uses.map { Target.Dependency.target(name: target($0)) }
    targets.append(
        .target(
            name: target(module.name), dependencies: uses + module.products, path: "Sources/\(layer)/\(module.name)",
            resources: module.embedded.map { .embedInCode($0) }, swiftSettings: strict)
    )
    if module.hasTests {
        targets.append(
            .testTarget(
                name: target(module.name) + "Tests",
                dependencies: [.target(name: target(module.name)), "AtollTestSupport"] + uses + module.products
                    + module.testUses.map { .target(name: target($0)) } + module.testProducts,
                path: "Tests/\(layer)/\(module.name)Tests",
                exclude: module.fixtures,
                swiftSettings: strict
            )
        )
    }
}
targets.append(
    .target(
        name: "AtollTestSupport", dependencies: ["AtollPlatform", "AtollCommands", "AtollSSH"], path: "Sources/Tests/TestSupport",
        swiftSettings: strict))
targets.append(
    .target(
        name: "AtollHostFakes",
        dependencies: [
            "AtollModel", "AtollPlatform", "AtollClaims", "AtollVirtXML", "AtollDomainPlan", "AtollGuestAccess", "AtollHostPorts",
            "AtollEnvironments", "AtollTestSupport",
        ],
        path: "Sources/Tests/HostFakes", swiftSettings: strict))
targets.append(
    .executableTarget(
        name: "AtollMain",
        dependencies: [
            "AtollModel", "AtollPlatform", "AtollClaims", "AtollTemplates", "AtollBootstrap", "AtollLibvirtHost", "AtollEnvironments",
            "AtollDoctor", "AtollCLI",
        ],
        path: "Sources/App/AtollMain", swiftSettings: strict))
targets.append(
    .testTarget(
        name: "IntegrationTests",
        dependencies: [
            "AtollTestSupport", "AtollHostFakes", "AtollModel", "AtollPlatform", "AtollCommands", "AtollDiskImages", "AtollVirtXML",
            "AtollDomainPlan", "AtollHostPorts", "AtollLibvirtHost", collections,
        ],
        path: "Tests/IntegrationTests",
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
