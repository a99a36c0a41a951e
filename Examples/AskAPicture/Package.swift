// swift-tools-version: 6.2
import PackageDescription

// Where the package comes from: its repository, or a local clone named in the environment (as CI does).
let source = Context.environment["INSTRUCTBLIP_PACKAGE"] ?? "https://github.com/swift-instructblip/swift-instructblip"

let package = Package(
    name: "AskAPicture",
    platforms: [.macOS(.v15)],
    dependencies: [.package(url: source, from: "0.1.0")],
    targets: [
        .executableTarget(name: "AskAPicture", dependencies: [.product(name: "Blip", package: "swift-instructblip")])
    ]
)
