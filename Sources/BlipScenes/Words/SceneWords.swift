public import BlipData

extension Scene {
    /// The scene in single words, thing by thing: the picture as a whole first, then objects and what is written on them, letter by letter.
    public var words: PictureDescription {
        PictureDescription(whole + (chart.map(SceneWords.things) ?? objects.indices.flatMap { things($0) }))
    }

    private var whole: [PictureDescription.Thing] {
        var words = [
            PictureDescription.Word("ground", background.word), .init("light", light.rawValue), .init("sharpness", sharpness.rawValue),
            .init("shadows", hasShadows ? "shadows" : "none"),
        ]
        if drawing != .painted { words.append(.init("drawing", drawing.rawValue)) }
        var things = [PictureDescription.Thing(words, slot: SceneWords.wholeSlot)]
        switch background {
        case .plain(let paper), .speckled(let paper): things[0].words.append(.init("paper", paper.rawValue))
        case .gradient(let one, let other, _):
            // In things of their own, since words of one have no order.
            for (number, (word, paper)) in [("from", one), ("to", other)].enumerated() {
                things.append(
                    PictureDescription.Thing(
                        [.init("fading", word), .init("paper", paper.rawValue)], slot: SceneWords.wholeSlot + 1 + number))
            }
        default: break
        }
        return things
    }

    private func things(_ number: Int) -> [PictureDescription.Thing] {
        let object = objects[number]
        var words = [
            PictureDescription.Word("kind", object.kind.name), .init("color", object.color.name), .init("texture", object.texture.rawValue),
            .init("place", object.place.rawValue),
        ]
        if object.kind != .sign { words.append(.init("size", object.apparentSize.rawValue)) }
        if let direction = object.direction { words.append(.init("direction", SceneWords.ward(direction))) }
        if objects.indices.contains(where: { $0 > number && objects[$0].overlaps(object) }) { words.append(.init("depth", "behind")) }
        if objects.indices.contains(where: { $0 < number && objects[$0].overlaps(object) }) { words.append(.init("depth", "front")) }
        let (across, down) = (object.extent.x * SceneWords.filled, object.extent.y * SceneWords.filled)
        let box = PictureDescription.Box(
            left: object.x - across, top: object.y - down, right: object.x + across, bottom: object.y + down)
        let slot = SceneWords.objectSlot + 3 * object.place.row + object.place.column
        return [PictureDescription.Thing(words, box: box, slot: slot)] + letters(object)
    }

    private func letters(_ object: SceneObject) -> [PictureDescription.Thing] {
        let text = Array(object.text ?? "")
        let half = object.kind == .sign ? SceneObject.letterUnit * SceneObject.signUnit : object.extent.x * 0.5
        let tall = object.kind == .sign ? SceneObject.signUnit * 0.8 : object.extent.y * 0.55
        return text.enumerated().map { place, character in
            let middle = object.x + Double(2 * place + 1 - text.count) * half
            return PictureDescription.Thing(
                [
                    .init("letter", String(character)), .init("order", SceneWords.orders[min(place, SceneWords.orders.count - 1)]),
                    .init("place", object.place.rawValue),
                ],
                box: .init(left: middle - half, top: object.y - tall, right: middle + half, bottom: object.y + tall),
                slot: SceneWords.letterSlot + place)
        }
    }
}

/// The words that scenes are described by.
enum SceneWords {
    /// Figures do not reach into the corners of their boxes.
    static let filled = 0.85
    /// Which of a picture's sixteen soft tokens tells what: the picture as a whole, the ninths of the picture, letters in their order. The fifth letter of
    /// a word comes round to where gradients are told, or behind.
    static let (wholeSlot, objectSlot, letterSlot) = (0, 3, 12)
    static let orders = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"]

    /// Other words than those of places, so that a leftward arrow on the right is no rightward one on the left.
    static func ward(_ direction: Direction) -> String {
        switch direction {
        case .right: "rightward"
        case .down: "downward"
        case .left: "leftward"
        case .up: "upward"
        }
    }

    /// The parts, where they are drawn: see `ChartPainter`.
    static func things(_ chart: SceneChart) -> [PictureDescription.Thing] {
        let total = Double(max(1, chart.parts.reduce(0) { $0 + $1.value }))
        var start = 0.0
        return chart.parts.enumerated().map { place, part in
            let slot = objectSlot + place
            let words = [
                PictureDescription.Word("kind", chart.partName), .init("color", part.color.name), .init("letter", part.label),
                .init("value", String(part.value)),
            ]
            switch chart.form {
            case .bars:
                let step = 0.75 / Double(chart.parts.count)
                let middle = 0.125 + (Double(place) + 0.5) * step
                let height = Double(part.value) / 9 * 0.625
                return PictureDescription.Thing(
                    words, box: .init(left: middle - step * 0.34, top: 0.75 - height, right: middle + step * 0.34, bottom: 0.9), slot: slot)
            case .pie:
                let middle = start + Double(part.value) / total / 2
                start += Double(part.value) / total
                let (sine, cosine) = Exact.sineAndCosine(degrees: 360 * middle)
                let (x, y) = (0.5 + Double(sine) * 0.26, 0.5 - Double(cosine) * 0.26)
                return PictureDescription.Thing(words, box: .init(left: x - 0.1, top: y - 0.1, right: x + 0.1, bottom: y + 0.1), slot: slot)
            }
        }
    }

    /// Every word of every aspect: what an image encoder is taught to tell apart.
    static let vocabulary = [
        DescriptionAspect("kind", ObjectKind.allCases.map(\.name) + ["bar", "slice"]), .init("color", ObjectColor.allCases.map(\.name)),
        .init("size", ObjectSize.allCases.map(\.rawValue)), .init("texture", ObjectTexture.allCases.map(\.rawValue)),
        .init("place", Place.allCases.map(\.rawValue)), .init("direction", Direction.allCases.map(ward)),
        .init("depth", ["behind", "front"]),
        .init("letter", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".map { String($0) }), .init("order", orders),
        .init("value", (1...10).map { String($0) }),
        .init("ground", ["plain", "gradient", "speckled", "room", "meadow", "beach", "street", "paper", "board"]),
        .init("paper", Background.Paper.allCases.map(\.rawValue)), .init("light", Light.allCases.map(\.rawValue)),
        .init("sharpness", Sharpness.allCases.map(\.rawValue)), .init("shadows", ["shadows", "none"]),
        .init("drawing", Drawing.allCases.map(\.rawValue)),
    ]
}

extension Background {
    var word: String {
        switch self {
        case .plain: "plain"
        case .gradient: "gradient"
        case .speckled: "speckled"
        case .room: "room"
        case .meadow: "meadow"
        case .beach: "beach"
        case .street: "street"
        case .paper: "paper"
        case .board: "board"
        }
    }
}
