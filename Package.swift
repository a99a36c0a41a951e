// swift-tools-version: 6.2
import Foundation
import PackageDescription

// Scripts/bootstrap links libtorch as .libtorch; a checkout names its folders to the compiler directly, so that plain `swift build` works
// everywhere, editors included. SwiftPM's own checkout of somebody's dependency (its folder lies in `checkouts`) has no such link: there
// libtorch comes from pkg-config (`libtorch.pc`, also written by the bootstrap), and no unsafe flag is left.
let isDependency = URL(fileURLWithPath: Context.packageDirectory).deletingLastPathComponent().lastPathComponent == "checkouts"

// Against libtorch's CUDA build, with what only that one has (docs/gpu.md). Everything else goes through the same calls on all devices.
let withCUDA = !isDependency && Context.environment["INSTRUCTBLIP_CUDA"] == "1"
let libtorch = Context.packageDirectory + (withCUDA ? "/.libtorch-cuda" : "/.libtorch")

// GCC, which builds libtorch, names some templates as clang did up to version 17; libtorch 2.11 has such ones.
let torchCompilerSettings: [CXXSetting] =
    isDependency
    ? []
    : [
        .unsafeFlags([
            "-isystem", libtorch + "/include", "-isystem", libtorch + "/include/torch/csrc/api/include", "-Wall", "-Werror", "-O2",
            "-fclang-abi-compat=17",
        ])
    ] + (withCUDA ? [.define("INSTRUCTBLIP_CUDA")] : [])
// Kernels make themselves known when their library is loaded, whether or not it is called. What it needs in turn is where it runs.
let cudaLinkerSettings: [LinkerSetting] = [
    .unsafeFlags(["-Xlinker", "--no-as-needed", "-Xlinker", "--allow-shlib-undefined"]), .linkedLibrary("torch_cuda"),
    .linkedLibrary("c10_cuda"), .linkedLibrary("cudart"),
]
// libtorch itself is a stub that, in the CUDA build, drags in all of CUDA; what the shim calls is in libtorch_cpu.
let torchLinkerSettings: [LinkerSetting] =
    isDependency
    ? []
    : [
        .unsafeFlags(["-L\(libtorch)/lib", "-Xlinker", "-rpath", "-Xlinker", libtorch + "/lib"]),
        .linkedLibrary("torch_cpu"), .linkedLibrary("c10"),
    ] + (withCUDA ? cudaLinkerSettings : [])

// Products are worth optimising in debug builds too: without it they are fifty times slower.
let kernelCompilerSettings: [CSetting] = isDependency ? [] : [.unsafeFlags(["-O3", "-Wall", "-Werror"])]

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

// Scenes are drawn while models train and are tested, which debug builds do too.
let drawingCompilerSettings: [SwiftSetting] = isDependency ? [] : [.unsafeFlags(["-O"])]

let package = Package(
    name: "swift-instructblip",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Blip", targets: ["Blip"]),
        .library(name: "BlipTraining", targets: ["BlipTraining"]),
        .library(name: "BlipModels", targets: ["BlipModels", "BlipDecoding", "BlipTensors"]),
        .library(name: "BlipTokenizers", targets: ["BlipTokenizers"]),
        .library(name: "BlipImages", targets: ["BlipImages"]),
        .library(name: "BlipJSON", targets: ["BlipJSON"]),
        .library(name: "BlipData", targets: ["BlipData"]),
        .library(name: "BlipScenes", targets: ["BlipScenes"]),
        .library(name: "BlipSceneModel", targets: ["BlipSceneModel"]),
        .library(name: "BlipMetrics", targets: ["BlipMetrics"]),
        .library(name: "BlipRuns", targets: ["BlipRuns"]),
        .library(name: "BlipEvaluation", targets: ["BlipEvaluation"]),
        .library(name: "BlipHub", targets: ["BlipHub"]),
        .library(name: "BlipServer", targets: ["BlipServer"]),
        .executable(name: "instructblip", targets: ["instructblip"]),
        .executable(name: "instructblip-serve", targets: ["instructblip-serve"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", "3.12.3"..<"5.0.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.30.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.0.0"),
    ],
    targets: [
        // The pure side.
        .target(name: "BlipJSON", swiftSettings: strict),
        .target(name: "BlipData", dependencies: ["BlipJSON"], swiftSettings: strict),
        .target(name: "BlipMetrics", dependencies: ["BlipData", "BlipJSON"], swiftSettings: strict),
        .target(name: "BlipHub", dependencies: ["BlipJSON", .product(name: "Crypto", package: "swift-crypto")], swiftSettings: strict),
        .target(name: "BlipTokenizers", dependencies: ["BlipJSON"], swiftSettings: strict),
        .target(name: "BlipImages", dependencies: ["BlipJSON", "CImageCodecs"], swiftSettings: strict),
        .target(name: "BlipScenes", dependencies: ["BlipData", "BlipImages"], swiftSettings: strict + drawingCompilerSettings),
        .target(name: "BlipSceneModel", resources: [.copy("scenes")], swiftSettings: strict),
        .target(name: "BlipRuns", dependencies: ["BlipImages", "BlipJSON"], swiftSettings: strict),
        .target(name: "CImageCodecs", dependencies: ["CLibJPEG", "CLibPNG", "CLibWebP", "CLibWebPDemux"]),
        .systemLibrary(name: "CLibJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"]), .brew(["jpeg-turbo"])]),
        .systemLibrary(name: "CLibPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
        .systemLibrary(name: "CLibWebP", pkgConfig: "libwebp", providers: [.apt(["libwebp-dev"]), .brew(["webp"])]),
        .systemLibrary(name: "CLibWebPDemux", pkgConfig: "libwebpdemux", providers: [.apt(["libwebp-dev"]), .brew(["webp"])]),

        .target(name: "BlipPictures", dependencies: ["BlipData", "BlipImages"], swiftSettings: strict),

        // The tensor side.
        .target(name: "CKernels", cSettings: kernelCompilerSettings),
        .target(
            name: "CTorch", dependencies: isDependency ? ["CKernels", "CLibTorch"] : ["CKernels"], cxxSettings: torchCompilerSettings,
            linkerSettings: torchLinkerSettings),
        .target(name: "BlipTensors", dependencies: ["BlipJSON", "CTorch"], swiftSettings: strict),
        .target(name: "BlipModels", dependencies: ["BlipJSON", "BlipTensors"], swiftSettings: strict),
        .target(name: "BlipDecoding", dependencies: ["BlipModels", "BlipTensors"], swiftSettings: strict),

        // Where they meet.
        .target(
            name: "Blip",
            dependencies: [
                "BlipDecoding", "BlipImages", "BlipJSON", "BlipModels", "BlipTensors", "BlipTokenizers",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict),
        .target(
            name: "BlipTraining",
            dependencies: [
                "Blip", "BlipData", "BlipImages", "BlipModels", "BlipPictures", "BlipRuns", "BlipScenes",
                "BlipTensors", .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: strict),
        .target(
            name: "BlipEvaluation",
            dependencies: [
                "Blip", "BlipData", "BlipDecoding", "BlipImages", "BlipJSON", "BlipMetrics", "BlipPictures", "BlipScenes",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict),
        // Serving. Whoever does not serve never builds what it stands on.
        .target(
            name: "BlipServer",
            dependencies: [
                "Blip", "BlipData", "BlipDecoding", "BlipImages", "BlipJSON", "BlipScenes", "BlipTokenizers",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.copy("Page")], swiftSettings: strict),
        .executableTarget(
            name: "instructblip-serve",
            dependencies: [
                "Blip", "BlipHub", "BlipModels", "BlipSceneModel", "BlipServer", "BlipTensors",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "instructblip",
            dependencies: [
                "Blip", "BlipData", "BlipDecoding", "BlipEvaluation", "BlipHub", "BlipImages", "BlipMetrics", "BlipModels", "BlipPictures",
                "BlipRuns", "BlipSceneModel", "BlipScenes", "BlipTensors", "BlipTokenizers", "BlipTraining",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        .target(
            name: "BlipTestSupport", dependencies: ["BlipModels", "BlipTensors"], path: "Tests/BlipTestSupport", swiftSettings: strict),
        .target(
            name: "HubTestSupport", dependencies: [.product(name: "Crypto", package: "swift-crypto")], path: "Tests/HubTestSupport",
            swiftSettings: strict),
        .testTarget(name: "BlipHubTests", dependencies: ["BlipHub", "HubTestSupport"], swiftSettings: strict),
        .testTarget(name: "BlipJSONTests", dependencies: ["BlipJSON"], swiftSettings: strict),
        .testTarget(name: "BlipDataTests", dependencies: ["BlipData", "BlipJSON"], swiftSettings: strict),
        .testTarget(name: "BlipMetricsTests", dependencies: ["BlipMetrics", "BlipData", "BlipJSON"], swiftSettings: strict),
        .testTarget(name: "BlipTokenizersTests", dependencies: ["BlipTokenizers", "BlipJSON"], swiftSettings: strict),
        .testTarget(name: "BlipImagesTests", dependencies: ["BlipImages", "BlipJSON"], swiftSettings: strict),
        .testTarget(
            name: "BlipScenesTests", dependencies: ["BlipScenes", "BlipData", "BlipImages", "BlipJSON"], swiftSettings: strict),
        .testTarget(name: "BlipRunsTests", dependencies: ["BlipRuns", "BlipImages", "BlipJSON"], swiftSettings: strict),
        .testTarget(name: "BlipTensorsTests", dependencies: ["BlipTensors", "BlipTestSupport"], swiftSettings: strict),
        .testTarget(
            name: "BlipModelsTests", dependencies: ["BlipDecoding", "BlipModels", "BlipTensors", "BlipTestSupport"], swiftSettings: strict),
        .testTarget(
            name: "BlipDecodingTests", dependencies: ["BlipDecoding", "BlipModels", "BlipTensors", "BlipTestSupport"], swiftSettings: strict
        ),
        .testTarget(
            name: "BlipTests",
            dependencies: [
                "Blip", "BlipData", "BlipJSON", "BlipModels", "BlipSceneModel", "BlipScenes", "BlipTraining", "BlipTensors", "BlipImages",
                "BlipTestSupport",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "BlipTrainingTests",
            dependencies: [
                "BlipTraining", "Blip", "BlipData", "BlipImages", "BlipModels", "BlipPictures", "BlipTensors", "BlipTestSupport",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "BlipEvaluationTests", dependencies: ["BlipEvaluation", "BlipData", "BlipMetrics", "BlipScenes"],
            swiftSettings: strict),
        .testTarget(
            name: "BlipServerTests",
            dependencies: [
                "Blip", "BlipDecoding", "BlipImages", "BlipJSON", "BlipSceneModel", "BlipServer", "instructblip-serve",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ProgramTests", dependencies: ["instructblip", "BlipImages", "BlipTensors", "BlipTestSupport", "HubTestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "SceneModelTests",
            dependencies: [
                "Blip", "BlipEvaluation", "BlipMetrics", "BlipSceneModel", "BlipScenes", "BlipTensors", "BlipTestSupport",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict),
    ] + (isDependency ? [.systemLibrary(name: "CLibTorch", pkgConfig: "libtorch")] : []),
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx20
)
