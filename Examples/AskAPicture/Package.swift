// swift-tools-version: 6.2
import PackageDescription

// A version tag of a clone named in the environment, as a program of one's own would name the repository; else the checkout this lies in.
let blip: Package.Dependency =
    if let source = Context.environment["INSTRUCTBLIP_PACKAGE"] {
        .package(url: source, from: "0.1.0")
    } else {
        .package(name: "swift-instructblip", path: "../..")
    }

let package = Package(
    name: "AskAPicture",
    platforms: [.macOS(.v15)],
    dependencies: [blip],
    targets: [
        .executableTarget(name: "AskAPicture", dependencies: [.product(name: "Blip", package: "swift-instructblip")]),
        .executableTarget(
            name: "AskAScene",
            dependencies: [
                .product(name: "Blip", package: "swift-instructblip"),
                .product(name: "BlipSceneModel", package: "swift-instructblip"),
                .product(name: "BlipScenes", package: "swift-instructblip"),
            ]),
    ]
)
