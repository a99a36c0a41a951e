import BlipData
import BlipImages
import BlipJSON
import BlipScenes
import Foundation
import Hummingbird

/// `POST /v1/scene`: a picture of the built-in world, to ask about.
enum SceneRoute {
    static func draw(_ call: Call) async throws -> Response {
        let (body, _) = try await call.json()
        let request = try SceneRequest(body, call.limits)
        return .json(try await call.server.desk.onThread { try request.isClip ? clip(request) : scene(request) })
    }

    private static func scene(_ request: SceneRequest) throws -> JSONValue {
        var generator = SeededGenerator(seed: request.seed)
        let scene = SceneGenerator(.training).scene(&generator)
        return .record([
            "seed": .integer(Int(request.seed)), "image": try address(SceneRenderer(side: request.size)(scene)),
            "description": .text(SceneDescription(scene).text),
        ])
    }

    private static func clip(_ request: SceneRequest) throws -> JSONValue {
        var generator = SeededGenerator(seed: request.seed)
        guard let clip = ClipGenerator().clip(&generator) else {
            throw Refusal.badField("seed", "this seed gives no clip; try another one")
        }
        let renderer = try SceneRenderer(side: request.size)
        return .record([
            "seed": .integer(Int(request.seed)), "frames": .array(try clip.frames.map { try address(renderer($0)) }),
            "description": .text(SceneDescription(clip.scene).text), "action": .text("object \(clip.actor + 1) \(clip.action.name)"),
        ])
    }

    private static func address(_ picture: RGBImage) throws -> JSONValue {
        .text("data:image/png;base64," + (try picture.pngData()).base64EncodedString())
    }
}
