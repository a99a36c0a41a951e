public import Foundation

/// The small InstructBLIP that comes with the package. It was trained on drawn scenes, knows those, and no photographs.
///
/// ```swift
/// let assistant = try await Assistant.open(SceneModel.folder())
/// ```
public enum SceneModel {
    /// What commands call it.
    public static let name = "scenes"

    /// How the folder of this target's resources is called, on Linux and on macOS.
    static let bundles = ["swift-instructblip_BlipSceneModel.resources", "swift-instructblip_BlipSceneModel.bundle"]

    /// The checkpoint's folder, in the Hugging Face layout.
    ///
    /// It lies in a bundle beside the program, where a build leaves both, or in the application's resources. A program that was moved without its bundle finds
    /// the checkpoint in the sources it was built of, while those are there.
    public static func folder() throws(SceneModelError) -> URL { try folder(beside: places, or: sources) }

    /// The scores that were measured of this checkpoint, for every set of scenes.
    public static func scores() throws -> RecordedScores { try RecordedScores(in: folder()) }

    /// `Bundle.module` ends the program where there is no bundle, so the places are looked through here.
    static func folder(beside places: [URL], or sources: URL?) throws(SceneModelError) -> URL {
        let candidates = places.flatMap { place in bundles.map { place.appendingPathComponent("\($0)/\(name)", isDirectory: true) } }
        for folder in candidates + (sources.map { [$0] } ?? []) {
            let config = folder.appendingPathComponent("config.json")
            if FileManager.default.fileExists(atPath: config.path) { return folder }
        }
        throw .missing(bundle: bundles[0], program: places.first?.path ?? "")
    }

    private static var places: [URL] {
        var places = [Bundle.main.bundleURL]
        if let resources = Bundle.main.resourceURL { places.append(resources) }
        #if canImport(Darwin)
            // Tests and frameworks are bundles of their own.
            places += Bundle.allBundles.flatMap { [$0.resourceURL, $0.bundleURL.deletingLastPathComponent()] }.compactMap(\.self)
        #endif
        return places
    }

    private static var sources: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(name, isDirectory: true)
    }
}

/// Why the built-in model cannot be used.
public enum SceneModelError: Error, Sendable, Equatable, CustomStringConvertible, LocalizedError {
    case missing(bundle: String, program: String)
    case badScores(path: String, reason: String)

    public var description: String {
        switch self {
        case .missing(let bundle, let program):
            "the built-in model is not beside this program; copy the folder \(bundle), which the build left beside the program, to \(program), "
                + "or choose another model"
        case .badScores(let path, let reason): "\(path) holds no recorded scores: \(reason); record them anew"
        }
    }

    public var errorDescription: String? { description }
}
