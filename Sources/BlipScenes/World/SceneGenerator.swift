public import BlipData

/// Draws scenes of a style.
///
/// ```swift
/// var generator = SeededGenerator(seed: 7)
/// let scene = SceneGenerator(.training).scene(&generator)
/// ```
///
/// The same generator gives the same scene on every machine. Objects lie clearly in one ninth of the picture, show against what is behind
/// them, and hide each other only where that is meant.
public struct SceneGenerator: Sendable {
    public var style: SceneStyle

    public init(_ style: SceneStyle = .training) { self.style = style }

    public func scene(_ generator: inout SeededGenerator) -> Scene {
        var scene = anyScene(&generator)
        // Now and then there is no room for the object that was to be unseen.
        for _ in 0..<50
        where style.combinations == .unseen && scene.chart == nil && !scene.objects.contains(where: HeldOutCombinations.contains) {
            scene = anyScene(&generator)
        }
        return scene
    }

    private func anyScene(_ generator: inout SeededGenerator) -> Scene {
        var scene = surroundings(&generator)
        if generator.unit() < style.charts {
            scene.chart = chart(scene, &generator)
            return scene
        }
        let wanted = style.objects.lowerBound + generator.below(style.objects.count)
        var mustBeUnseen = style.combinations == .unseen
        if generator.unit() < style.text {
            let object =
                generator.unit() < style.signs ? sign(scene, &generator) : badge(scene, &generator, isUnseen: mustBeUnseen && wanted == 1)
            if let object { mustBeUnseen = mustBeUnseen && !HeldOutCombinations.contains(object) }
            scene.objects += object.map { [$0] } ?? []
        }
        let isCrowded = generator.unit() < style.overlap
        while scene.objects.count < wanted || mustBeUnseen {
            guard let attributes = attributes(scene, &generator, isUnseen: mustBeUnseen) else { break }
            let isLast = scene.objects.count == wanted - 1
            let overlapping = isCrowded && isLast ? overlapping(attributes, in: scene, &generator) : nil
            guard let object = overlapping ?? placed(attributes, in: scene, &generator) else { break }
            scene.objects.append(object)
            mustBeUnseen = mustBeUnseen && !HeldOutCombinations.contains(object)
        }
        return scene
    }

    private func surroundings(_ generator: inout SeededGenerator) -> Scene {
        var scene = Scene()
        scene.drawing = generator.element(of: style.drawings) ?? .painted
        switch scene.drawing {
        case .painted: scene.background = Self.background(&generator)
        case .sketch: scene.background = .paper
        case .chalk: scene.background = .board
        }
        scene.light = generator.unit() < 0.4 ? .even : generator.element(of: Light.allCases) ?? .even
        scene.grain = generator.unit() < 0.5 ? 0 : generator.unit() * 11
        scene.hasShadows = scene.drawing == .painted && generator.unit() < 0.5
        scene.sharpness = generator.unit() < style.blurred ? .blurred : generator.unit() < 0.2 ? .soft : .sharp
        scene.seed = UInt32(truncatingIfNeeded: generator.next())
        return scene
    }

    private static func background(_ generator: inout SeededGenerator) -> Background {
        let papers = Background.Paper.allCases
        func paper(_ generator: inout SeededGenerator) -> Background.Paper { generator.element(of: papers) ?? .cream }
        switch generator.below(10) {
        case 0, 1: return .plain(paper(&generator))
        case 2, 3: return .gradient(paper(&generator), paper(&generator), isVertical: generator.below(2) == 0)
        case 4: return .speckled(paper(&generator))
        case 5, 6: return .room
        case 7: return .meadow
        case 8: return .beach
        default: return .street
        }
    }

    // MARK: What an object is

    /// An object without a place.
    private func attributes(_ scene: Scene, _ generator: inout SeededGenerator, isUnseen: Bool) -> SceneObject? {
        for _ in 0..<200 {
            var object = SceneObject(.circle, .red, x: 0.5, y: 0.5)
            object.kind = generator.element(of: style.kinds) ?? .circle
            object.color = generator.element(of: ObjectColor.allCases) ?? .red
            object.size = generator.element(of: ObjectSize.allCases) ?? .medium
            // Stripes and dots of a small object could not be told at 64 pixels; a sketch has its own surface.
            let hasTexture = object.size != .small && scene.drawing == .painted && generator.unit() < 0.5
            object.texture = hasTexture ? generator.element(of: ObjectTexture.allCases) ?? .plain : .plain
            if generator.unit() < style.repetition, let model = generator.element(of: scene.objects.filter({ $0.kind != .sign })) {
                if generator.below(2) == 0 { object.kind = model.kind } else { object.color = model.color }
            }
            if isUnseen, let pair = generator.element(of: HeldOutCombinations.colors.filter({ style.kinds.contains($0.kind) })) {
                (object.kind, object.color) = pair
            }
            guard shows(object, in: scene), object.isUnambiguous,
                isUnseen || style.combinations == .unseen || !HeldOutCombinations.contains(object)
            else {
                continue
            }
            let direction = generator.element(of: Direction.allCases) ?? .right
            object.turn = object.kind == .arrow ? direction.degrees : (generator.unit() * 2 - 1) * object.kind.freeTurn
            return object
        }
        return nil
    }

    private func shows(_ object: SceneObject, in scene: Scene) -> Bool {
        scene.background.tints.allSatisfy { $0.distance(to: object.color.tint) > 85 }
    }

    /// A sign with a word or a number, where it fits.
    func sign(_ scene: Scene, _ generator: inout SeededGenerator) -> SceneObject? {
        let words = style.combinations == .unseen ? HeldOutCombinations.words : SignWords.all
        let text: String
        if generator.unit() < 0.75 {
            text = generator.element(of: words) ?? "STOP"
        } else {
            let digits = 1 + generator.below(3)
            text = String((0..<digits).map { _ in generator.element(of: Array(SignWords.digits)) ?? "7" })
        }
        for _ in 0..<200 {
            var sign = SceneObject(.sign, generator.element(of: ObjectColor.allCases) ?? .blue, x: 0.5, y: 0.5, text: text)
            let extent = sign.extent
            sign.x = extent.x + 0.02 + generator.unit() * max(0, 0.96 - 2 * extent.x)
            sign.y = [0.16, 0.5, 0.84][generator.below(3)] + (generator.unit() - 0.5) * 0.08
            if shows(sign, in: scene), Self.isClear(sign) { return sign }
        }
        return nil
    }

    /// A large plain object with one character on it.
    private func badge(_ scene: Scene, _ generator: inout SeededGenerator, isUnseen: Bool) -> SceneObject? {
        for _ in 0..<200 {
            guard var object = attributes(scene, &generator, isUnseen: isUnseen) else { return nil }
            (object.size, object.texture) = (.large, .plain)
            object.turn = 0
            guard object.kind.carriesText, isUnseen || style.combinations == .unseen || !HeldOutCombinations.contains(object) else {
                continue
            }
            let characters = Array(generator.below(2) == 0 ? SignWords.digits : SignWords.letters)
            object.text = generator.element(of: characters).map { String($0) }
            return placed(object, in: scene, &generator)
        }
        return nil
    }

    // MARK: Where an object is

    /// Figures reach a little beyond their circles.
    private static let gap = 0.1

    /// In a ninth of the picture, apart from the others; nil where none is free.
    private func placed(_ object: SceneObject, in scene: Scene, _ generator: inout SeededGenerator) -> SceneObject? {
        var object = object
        for size in [object.size, min(object.size, .medium), .small] {
            // Texture and text need their room.
            if size == .small, object.texture != .plain { break }
            if size != object.size, object.text != nil { break }
            object.size = size
            for cell in generator.shuffled(Array(0..<9)) {
                for _ in 0..<3 {
                    let jitter = 2 * (0.1 - size.radius * 0.36)
                    (object.x, object.y) = (Double(cell % 3) * 0.32 + 0.18, Double(cell / 3) * 0.32 + 0.18)
                    object.x += (generator.unit() - 0.5) * jitter
                    object.y += (generator.unit() - 0.5) * jitter
                    if Self.isClear(object), scene.objects.allSatisfy({ $0.depth(in: object) < -Self.gap }) { return object }
                }
            }
        }
        return nil
    }

    /// So much of an object is hidden where one is in front of another: enough to be seen, not so much that it could not be known.
    private static let hiddenShares = 0.08...0.45

    /// Over a part of one that has nothing written on it; nil where there is none, or no room.
    private func overlapping(_ object: SceneObject, in scene: Scene, _ generator: inout SeededGenerator) -> SceneObject? {
        guard object.text == nil, let other = generator.element(of: scene.objects.filter({ $0.text == nil })), other.color != object.color
        else { return nil }
        var object = object
        // Something large would hide too much of something small.
        object.size = min(object.size, max(other.size, .medium))
        if object.size == .small { object.texture = .plain }
        let back = Silhouette(other)
        for _ in 0..<40 {
            let (sine, cosine) = Exact.sineAndCosine(degrees: generator.unit() * 360)
            let apart = (other.extent.x + object.extent.x) * (0.5 + 0.26 * generator.unit())
            (object.x, object.y) = (other.x + Double(cosine) * apart, other.y + Double(sine) * apart)
            let isAlone = scene.objects.allSatisfy { $0 == other || $0.depth(in: object) < -Self.gap }
            guard Self.isClear(object), isAlone, object.overlaps(other) else { continue }
            // Figures do not fill their circles, so that it has to be looked at.
            if Self.hiddenShares.contains(back.share(behind: Silhouette(object))) { return object }
        }
        return nil
    }

    /// Whether it is wholly in the picture, and clearly in one third both across and down.
    static func isClear(_ object: SceneObject) -> Bool {
        let extent = object.extent
        let isInside = min(object.x - extent.x, 1 - object.x - extent.x, object.y - extent.y, 1 - object.y - extent.y) >= 0
        let borders = [1 / 3.0, 2 / 3.0]
        return isInside && borders.allSatisfy { abs(object.x - $0) > 0.03 && abs(object.y - $0) > 0.03 }
    }

    // MARK: Charts

    private func chart(_ scene: Scene, _ generator: inout SeededGenerator) -> SceneChart {
        let form = generator.element(of: SceneChart.Form.allCases) ?? .bars
        let count = 3 + generator.below(form == .bars ? 3 : 2)
        // White could not be told from the sheet, nor dark letters on black.
        let colors = generator.shuffled(ObjectColor.allCases.filter { $0 != .white && $0 != .black })
        var values: [Int]
        switch form {
        case .bars: values = Array(generator.shuffled(Array(1...9)).prefix(count))
        case .pie: values = generator.shuffled(count == 3 ? [3, 7, 10] : [2, 4, 6, 8])
        }
        values = generator.shuffled(values)
        let labels = generator.shuffled(Array("ABCDEFGH")).prefix(count)
        return SceneChart(form, zip(zip(labels, colors), values).map { SceneChart.Part(String($0.0), $0.1, $1) })
    }
}

extension SeededGenerator {
    /// One of a list, each as likely; nil if there is none.
    mutating func element<Element>(of list: [Element]) -> Element? { list.isEmpty ? nil : list[below(list.count)] }

    /// Every order is as likely.
    mutating func shuffled<Element>(_ list: [Element]) -> [Element] {
        var list = list
        for place in stride(from: list.count - 1, to: 0, by: -1) { list.swapAt(place, below(place + 1)) }
        return list
    }
}
