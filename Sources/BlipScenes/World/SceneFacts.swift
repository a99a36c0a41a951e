/// A scene as JSON: what the picture shows, for programs.
public struct SceneFacts: Encodable, Sendable {
    struct Object: Encodable, Sendable {
        let number: Int
        let kind, color, size, texture, place: String
        let x, y, turn: Double
        let direction, text: String?
        let isHeldOut: Bool

        private enum CodingKeys: String, CodingKey {
            case number, kind, color, size, texture, place, x, y, turn, direction, text
            case isHeldOut = "held_out"
        }
    }

    struct Relations: Encodable, Sendable {
        let object: Int
        let relations: [String]
        let other: Int
    }

    struct Chart: Encodable, Sendable {
        let form: String
        let parts: [SceneChart.Part]
    }

    let drawing, background, light, sharpness: String
    let shadows: Bool
    let objects: [Object]
    let relations: [Relations]
    let texts: [String]
    let chart: Chart?
    let description: String

    /// Objects are counted from 1, from the farthest to the nearest; `x` and `y` are shares of the picture's sides.
    public init(_ scene: Scene) {
        drawing = scene.drawing.rawValue
        background = scene.background.phrase
        light = scene.light.rawValue
        sharpness = scene.sharpness.rawValue
        shadows = scene.hasShadows
        objects = scene.objects.enumerated().map { place, object in
            Object(
                number: place + 1, kind: object.kind.name, color: object.color.name, size: object.size.rawValue,
                texture: object.texture.rawValue,
                place: object.place.rawValue, x: Self.rounded(object.x), y: Self.rounded(object.y), turn: Self.rounded(object.turn),
                direction: object.direction?.rawValue, text: object.text, isHeldOut: HeldOutCombinations.contains(object))
        }
        relations = scene.objects.indices.flatMap { one in
            scene.objects.indices.compactMap { other -> Relations? in
                let found = one == other ? [] : Relation.allCases.filter(scene.relations(of: one, to: other).contains)
                return found.isEmpty ? nil : Relations(object: one + 1, relations: found.map(\.rawValue), other: other + 1)
            }
        }
        texts = scene.texts
        chart = scene.chart.map { Chart(form: $0.form.rawValue, parts: $0.parts) }
        description = SceneDescription(scene).text
    }

    private static func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }
}
