import BlipData
import BlipImages

@testable import BlipScenes

/// Scenes by number, and what the tests measure on pictures.
enum SceneDrawings {
    static func scene(_ number: Int, _ style: SceneStyle = .training) -> Scene {
        var generator = SeededGenerator(seed: 99, UInt64(number))
        return SceneGenerator(style).scene(&generator)
    }

    static func scenes(_ count: Int, _ style: SceneStyle = .training) -> [Scene] { (0..<count).map { scene($0, style) } }

    /// A scene in even light, sharp and clean, so that colours are as they are named.
    static func clean(_ scene: Scene) -> Scene {
        var scene = scene
        (scene.light, scene.sharpness, scene.grain, scene.hasShadows) = (.even, .sharp, 0, false)
        return scene
    }

    /// 64-bit FNV-1a of a picture's values.
    static func digest(_ image: RGBImage) -> UInt64 {
        image.pixels.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// How many separate things stand out from a picture of the background alone, specks left out.
    static func components(_ image: RGBImage, _ background: RGBImage) -> Int {
        let side = image.width
        var isThing = (0..<side * side).map { place in
            (0..<3).contains { abs(Int(image.pixels[place * 3 + $0]) - Int(background.pixels[place * 3 + $0])) > 4 }
        }
        var count = 0
        for start in isThing.indices where isThing[start] {
            var stack = [start]
            var size = 0
            isThing[start] = false
            while let place = stack.popLast() {
                size += 1
                let (x, y) = (place % side, place / side)
                for (nextX, nextY) in [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)]
                where nextX >= 0 && nextY >= 0 && nextX < side && nextY < side && isThing[nextY * side + nextX] {
                    isThing[nextY * side + nextX] = false
                    stack.append(nextY * side + nextX)
                }
            }
            if size > 20 { count += 1 }
        }
        return count
    }
}
