// swift-tools-version: 6.2
import PackageDescription

// Fuzzing of what reads files that anybody may send. Built by Scripts/fuzz, which says how; needs no libtorch.
let package = Package(
    name: "fuzz",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "swift-instructblip", path: "..")],
    targets: [
        .executableTarget(
            name: "fuzz",
            dependencies: [
                .product(name: "BlipImages", package: "swift-instructblip"), .product(name: "BlipJSON", package: "swift-instructblip"),
                .product(name: "BlipTokenizers", package: "swift-instructblip"),
            ],
            // Safetensors is a link to the sources in BlipTensors, whose other half needs libtorch.
            swiftSettings: [.enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility")],
            // gold, which is taken otherwise, gives up on this program.
            linkerSettings: [.unsafeFlags(["-use-ld=lld"], .when(platforms: [.linux]))])
    ],
    swiftLanguageModes: [.v6]
)
