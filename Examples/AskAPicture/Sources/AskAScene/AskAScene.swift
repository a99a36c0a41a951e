import Blip
import BlipSceneModel
import BlipScenes

/// Draws a scene and asks the built-in model about it. Usage: AskAScene [SEED]
@main struct AskAScene {
    static func main() async throws {
        let seed = CommandLine.arguments.dropFirst().first.flatMap { UInt64($0) } ?? 7
        let interview = try SceneInterview(seed: seed)
        let picture = try SceneRenderer(side: SceneCatalog.side)(interview.scene)

        let assistant = try await Assistant.open(SceneModel.folder())
        for item in interview.items {
            let answer = try await assistant.answer(item.instruction, about: [picture])
            print("\(item.question)\n  -> \(answer.text)  (true is: \(item.answers[0]))")
        }
    }
}
