import Blip
import BlipHub
import BlipModels
import BlipSceneModel
import BlipServer
import Foundation

/// What `--model` names: folders, pulled models, the model built in, each with the name that requests know it by.
enum ModelNames {
    /// - Throws: what is wrong with a folder, before anything listens.
    static func specifications(_ given: [String]) throws -> [ModelSpecification] {
        let all = try (given.isEmpty ? [SceneModel.name] : given).map(specification)
        var names: Set<String> = []
        for specification in all {
            guard names.insert(specification.name).inserted else { throw ServeError.sameName(specification.name) }
        }
        return all
    }

    private static func specification(_ text: String) throws -> ModelSpecification {
        let isPath = FileManager.default.fileExists(atPath: text)
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let (name, place) = !isPath && parts.count == 2 ? (String(parts[0]), String(parts[1])) : (nil, text)
        if let name, !(1...256).contains(name.count) || name.contains(where: { $0.isWhitespace || $0 == "," }) {
            throw ServeError.badName(name)
        }
        let folder = try folder(place)
        // What is wrong with a folder should not wait for the first question.
        _ = try InstructBLIPConfig(file: folder.appendingPathComponent("config.json"))
        return ModelSpecification(name: name ?? usualName(place), folder: folder)
    }

    /// As every verb finds it.
    private static func folder(_ text: String) throws -> URL {
        let isFolder = FileManager.default.fileExists(atPath: text)
        if text == "builtin:\(SceneModel.name)" || (text == SceneModel.name && !isFolder) { return try SceneModel.folder() }
        return try ModelLocator(HubSettings().cache).folder(for: text)
    }

    /// A folder is called by its last part, a pulled model by its own name.
    private static func usualName(_ place: String) -> String {
        if place == "builtin:\(SceneModel.name)" { return SceneModel.name }
        guard FileManager.default.fileExists(atPath: place) else { return place }
        return URL(fileURLWithPath: place).standardizedFileURL.lastPathComponent
    }
}
