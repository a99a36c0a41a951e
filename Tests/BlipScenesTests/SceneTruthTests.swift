import BlipData
import BlipImages
import Testing

@testable import BlipScenes

@Suite("What is said of a scene can be seen")
struct SceneTruthTests {
    private let renderer: SceneRenderer

    init() throws { renderer = try SceneRenderer(side: 128) }

    @Test("every object shows at least a third of itself, and what is written on it wholly")
    func visible() throws {
        for scene in SceneDrawings.scenes(300) {
            let map = renderer.objectMap(scene)
            for (number, object) in scene.objects.enumerated() {
                let alone = renderer.objectMap(Scene(objects: [object])).count { $0 == 0 }
                let shown = map.count { $0 == number }
                #expect(Double(shown) > Double(alone) * 0.33, "\(SceneDescription(scene).text)")
                if object.text != nil { #expect(shown == alone) }
            }
        }
    }

    @Test("the colour that an object mostly has is nearest to the one it is named by", arguments: [Drawing.painted])
    func colors(_ drawing: Drawing) throws {
        var hits = 0
        var all = 0
        for scene in SceneDrawings.scenes(400) {
            let map = renderer.objectMap(scene)
            let image = renderer(SceneDrawings.clean(scene))
            for (number, object) in scene.objects.enumerated() where object.texture != .outlined {
                var counts: [ObjectColor: Int] = [:]
                for place in map.indices where map[place] == number {
                    let (red, green, blue) = image[place % 128, place / 128]
                    counts[.nearest(red: Double(red), green: Double(green), blue: Double(blue)), default: 0] += 1
                }
                // A texture's other colour is white or a dark grey.
                let own = counts[object.color, default: 0]
                let rivals = counts.filter {
                    $0.key != object.color && (object.texture == .plain || ![.white, .black, .grey, .brown].contains($0.key))
                }
                all += 1
                if own > (rivals.values.max() ?? 0) { hits += 1 } else { Issue.record("\(object) shows \(counts)") }
            }
        }
        #expect(all > 800 && hits == all)
    }

    @Test("as many things can be counted in the picture as are described")
    func counts() throws {
        var checked = 0
        for scene in SceneDrawings.scenes(400) {
            // Things that nearly touch are one to a counter of connected pixels.
            let places = scene.objects.indices
            let isLoose = places.allSatisfy { one in
                places.allSatisfy { one == $0 || scene.objects[one].depth(in: scene.objects[$0]) < -0.25 }
            }
            guard isLoose else { continue }
            var empty = SceneDrawings.clean(scene)
            empty.objects = []
            let found = SceneDrawings.components(renderer(SceneDrawings.clean(scene)), renderer(empty))
            #expect(found == scene.objects.count, "\(found): \(SceneDescription(scene).text)")
            checked += 1
        }
        #expect(checked > 100)
    }

    @Test("objects are in the part of the picture that their place names, and their sizes are in order")
    func places() throws {
        for scene in SceneDrawings.scenes(300) {
            let map = renderer.objectMap(Scene(objects: scene.objects))
            for (number, object) in scene.objects.enumerated() {
                let places = map.indices.filter { map[$0] == number }
                guard !places.isEmpty, !scene.objects.contains(where: { $0 != object && $0.overlaps(object) }) else { continue }
                let x = Double(places.reduce(0) { $0 + $1 % 128 }) / Double(places.count * 128)
                let y = Double(places.reduce(0) { $0 + $1 / 128 }) / Double(places.count * 128)
                // A figure's weight is not always in its middle.
                #expect(abs(x - object.x) < 0.08 && abs(y - object.y) < 0.08)
            }
        }
        #expect(ObjectSize.small < .medium && ObjectSize.medium < .large)
    }

    @Test("what is in front hides a part of what is behind")
    func overlap() throws {
        var pairs = 0
        for scene in SceneDrawings.scenes(400) {
            let map = renderer.objectMap(scene)
            for back in scene.objects.indices {
                for front in scene.objects.indices where scene.relations(of: front, to: back).contains(.inFront) {
                    pairs += 1
                    #expect(front > back)
                    #expect(scene.relations(of: back, to: front).contains(.behind))
                    let alone = renderer.objectMap(Scene(objects: [scene.objects[back]])).count { $0 == 0 }
                    #expect(map.count { $0 == back } < alone)
                }
            }
        }
        #expect(pairs > 20)
    }

    @Test("held-out combinations and words are never in the training style, their parts are, and unseen scenes always have one")
    func heldOut() {
        let scenes = SceneDrawings.scenes(6_000)
        let objects = scenes.flatMap(\.objects)
        #expect(!objects.contains(where: HeldOutCombinations.contains))
        #expect(Set(objects.map(\.kind)) == Set(ObjectKind.allCases))
        #expect(Set(objects.map(\.color)) == Set(ObjectColor.allCases))
        #expect(Set(objects.map(\.texture)) == Set(ObjectTexture.allCases))
        #expect(Set(objects.map(\.place)) == Set(Place.allCases))
        #expect(Set(scenes.map(\.background.name)) == ["wall", "room", "meadow", "beach", "street"])
        #expect(scenes.allSatisfy { $0.drawing == .painted && $0.sharpness != .blurred })
        let words = Set(objects.compactMap(\.text))
        #expect(words.isDisjoint(with: HeldOutCombinations.words))
        #expect(Set(SignWords.all).isDisjoint(with: HeldOutCombinations.words))
        for style in [SceneStyle.unseenCombinations, .heldOut] {
            for scene in SceneDrawings.scenes(500, style) { #expect(scene.objects.contains(where: HeldOutCombinations.contains)) }
        }
        #expect(
            SceneDrawings.scenes(100, .sketches).allSatisfy {
                $0.drawing != .painted && !$0.objects.contains(where: HeldOutCombinations.contains)
            })
    }

    @Test("every kind is kept from one colour, and no colour from more than three kinds")
    func combinations() {
        #expect(Set(HeldOutCombinations.colors.map(\.kind)) == Set(ObjectKind.ordinary))
        #expect(HeldOutCombinations.colors.count == ObjectKind.ordinary.count)
        let byColor = Dictionary(grouping: HeldOutCombinations.colors, by: \.color)
        #expect(byColor.count == ObjectColor.allCases.count && byColor.values.allSatisfy { $0.count <= 3 })
    }

    @Test("words on signs can be written and fit into the picture")
    func words() {
        for word in SignWords.all + HeldOutCombinations.words {
            #expect(word.allSatisfy(SignFont.characters.contains))
            #expect(SceneObject(.sign, .red, x: 0.5, y: 0.5, text: word).extent.x < 0.48)
        }
    }

    @Test("in a clip the actor alone changes, and moves where it is said to")
    func clips() throws {
        var directions: Set<String> = []
        for number in 0..<300 {
            var generator = SeededGenerator(seed: 4, UInt64(number))
            guard let clip = ClipGenerator().clip(&generator) else { continue }
            #expect(clip.frames.count == 4 && clip.frame(0) == clip.scene || clip.action == .appears)
            #expect(ClipGenerator.actions.contains(clip.action.name))
            let (first, last) = (renderer(SceneDrawings.clean(clip.frame(0))), renderer(SceneDrawings.clean(clip.frame(3))))
            #expect(first != last)
            guard case .moves(let direction) = clip.action else { continue }
            directions.insert(direction.rawValue)
            var still = clip.scene
            still.objects.remove(at: clip.actor)
            let background = renderer(SceneDrawings.clean(still))
            let (from, to) = (middle(first, background), middle(last, background))
            #expect(abs(to.x - from.x - direction.step.x * SceneClip.path) < 0.03)
            #expect(abs(to.y - from.y - direction.step.y * SceneClip.path) < 0.03)
        }
        #expect(directions.count == 4)
    }

    /// The middle of what differs between two pictures.
    private func middle(_ image: RGBImage, _ other: RGBImage) -> (x: Double, y: Double) {
        var (x, y, count) = (0.0, 0.0, 0.0)
        for place in 0..<image.width * image.height
        where (0..<3).contains(where: { image.pixels[place * 3 + $0] != other.pixels[place * 3 + $0] }) {
            x += Double(place % image.width)
            y += Double(place / image.width)
            count += 1
        }
        return (x / count / Double(image.width), y / count / Double(image.height))
    }
}
