public import BlipData

/// Draws clips: one object does something, the others stay as they are.
public struct ClipGenerator: Sendable {
    public var style: SceneStyle

    public init(_ style: SceneStyle = SceneStyle(objects: 1...3, text: 0, overlap: 0)) { self.style = style }

    /// Every name that an action can have.
    public static let actions =
        Direction.allCases.map { SceneClip.Action.moves($0).name }
        + [.grows, .shrinks, .turnsColor(.red), .vanishes, .appears].map { (action: SceneClip.Action) in action.name }

    /// Every action is as likely but for moving, which has four directions. Nil if no scene drawn had room for it.
    public func clip(_ generator: inout SeededGenerator) -> SceneClip? {
        let choice = generator.below(9)
        for _ in 0..<200 {
            if let clip = clip(choice, &generator) { return clip }
        }
        return nil
    }

    private func clip(_ choice: Int, _ generator: inout SeededGenerator) -> SceneClip? {
        var scene = SceneGenerator(style).scene(&generator)
        // Grains that stood still while something moves would look like a dirty window; clips are cleaner.
        (scene.grain, scene.sharpness) = (0, .sharp)
        guard !scene.objects.isEmpty else { return nil }
        let actor = generator.below(scene.objects.count)
        let object = scene.objects[actor]
        let action: SceneClip.Action
        switch choice {
        case 0..<4: action = .moves(Direction.allCases[choice])
        case 4: action = .grows
        case 5: action = .shrinks
        case 6:
            let colors = ObjectColor.allCases.filter { color in
                color != object.color && scene.background.tints.allSatisfy { $0.distance(to: color.tint) > 85 }
                    && !HeldOutCombinations.contains(object.kind, color)
            }
            guard let color = generator.element(of: colors) else { return nil }
            action = .turnsColor(color)
        case 7: action = .vanishes
        default: action = .appears
        }
        if action == .vanishes || action == .appears, scene.objects.count < 2 { return nil }
        let clip = SceneClip(scene, actor: actor, action)
        return isClear(clip) ? clip : nil
    }

    /// Whether the actor stays in the picture and away from the others, and ends clearly in one ninth of it.
    private func isClear(_ clip: SceneClip) -> Bool {
        guard clip.action != .vanishes, clip.action != .appears else { return true }
        for (number, frame) in clip.frames.enumerated() {
            let object = frame.objects[clip.actor]
            let extent = object.extent
            let isInside = min(object.x - extent.x, 1 - object.x - extent.x, object.y - extent.y, 1 - object.y - extent.y) >= 0
            let isApart = frame.objects.indices.allSatisfy { $0 == clip.actor || frame.objects[$0].depth(in: object) < 0 }
            if !isInside || !isApart { return false }
            if number == SceneClip.frameCount - 1, !SceneGenerator.isClear(object) { return false }
        }
        return true
    }
}
