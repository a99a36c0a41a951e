import Blip
import BlipScenes
import BlipTestSupport
import Foundation
import Testing

@testable import BlipSceneModel

@Suite("The built-in model is where programs find it") struct SceneModelTests {
    /// Every file in the folder, with its size.
    static func sizes(_ folder: URL) throws -> [String: Int] {
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: [.fileSizeKey, .isRegularFileKey])
        var sizes: [String: Int] = [:]
        for case let file as URL in files ?? .init() {
            let values = try file.resourceValues(forKeys: [.fileSizeKey, .isRegularFileKey])
            if values.isRegularFile == true { sizes[file.lastPathComponent] = values.fileSize ?? 0 }
        }
        return sizes
    }

    @Test("it lies beside the program, is a whole checkpoint of the published architecture, and has less than 25 MB")
    func folder() throws {
        let folder = try SceneModel.folder()
        // Not the sources, which a program of somebody else does not have.
        #expect(folder.path.contains("BlipSceneModel.") && !folder.path.contains("/Sources/"))
        let sizes = try Self.sizes(folder)
        for name in ["config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json", "README.md", "scores.json"] {
            #expect(sizes[name] ?? 0 > 0, "\(name)")
        }
        #expect(sizes.values.reduce(0, +) < 25_000_000)
        let summary = try CheckpointSummary(folder: folder)
        #expect(summary.config.architecture == .instructBLIP && summary.config.vision.imageSize == SceneCatalog.side)
        let card = try String(contentsOf: folder.appendingPathComponent("README.md"), encoding: .utf8)
        #expect(card.contains("no photographs") && card.contains("| all |"))
    }

    @Test("a program that was copied elsewhere finds it in the bundle copied with it, on Linux and on macOS", arguments: SceneModel.bundles)
    func copied(_ bundle: String) async throws {
        try await withTemporaryFolder { place in
            let target = place.appendingPathComponent("bin/\(bundle)/scenes")
            try FileManager.default.createDirectory(at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.copyItem(at: SceneModel.folder(), to: target)
            let found = try SceneModel.folder(beside: [place, place.appendingPathComponent("bin")], or: nil)
            #expect(found.standardizedFileURL.path == target.standardizedFileURL.path)
        }
    }

    @Test("where it is not, a sentence says what to copy where")
    func missing() async throws {
        try await withTemporaryFolder { place in
            let expected = SceneModelError.missing(bundle: "swift-instructblip_BlipSceneModel.resources", program: place.path)
            #expect(throws: expected) { try SceneModel.folder(beside: [place], or: nil) }
            #expect(expected.description.contains("copy the folder") && expected.errorDescription == expected.description)
            // A bundle without a checkpoint is none.
            try FileManager.default.createDirectory(
                at: place.appendingPathComponent("\(SceneModel.bundles[0])/scenes"), withIntermediateDirectories: true)
            #expect(throws: expected) { try SceneModel.folder(beside: [place], or: place) }
        }
    }

    @Test("an interview is answered from its folder in a few lines")
    func interview() async throws {
        let interview = try SceneInterview(seed: 3)
        let picture = try SceneRenderer(side: SceneCatalog.side)(interview.scene)
        let assistant = try await Assistant.open(SceneModel.folder())
        for item in interview.items {
            let answer = try await assistant.answer(item.instruction, about: [picture], AnswerOptions(maximumTokens: 8))
            #expect(!answer.tokenIDs.isEmpty && answer.notes.isEmpty)
        }
    }
}
