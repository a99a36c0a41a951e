/// A few frames in which one object does one thing.
public struct SceneClip: Sendable, Equatable {
    public enum Action: Sendable, Equatable {
        case moves(Direction)
        case grows, shrinks
        case turnsColor(ObjectColor)
        case vanishes, appears

        /// As an answer to "what does it do": one or two words.
        public var name: String {
            switch self {
            case .moves(let direction): "moves \(direction.rawValue)"
            case .grows: "grows"
            case .shrinks: "shrinks"
            case .turnsColor: "changes color"
            case .vanishes: "vanishes"
            case .appears: "appears"
            }
        }
    }

    /// The scene as it begins; an object that appears is in it too.
    public var scene: Scene
    /// The place of the object that acts.
    public var actor: Int
    public var action: Action

    public init(_ scene: Scene, actor: Int, _ action: Action) {
        self.scene = scene
        self.actor = actor
        self.action = action
    }

    public static let frameCount = 4

    /// Frame 0 to 3.
    public func frame(_ number: Int) -> Scene {
        guard scene.objects.indices.contains(actor) else { return scene }
        let share = Double(number) / Double(Self.frameCount - 1)
        var frame = scene
        var object = scene.objects[actor]
        switch action {
        case .moves(let direction):
            object.x += direction.step.x * share * Self.path
            object.y += direction.step.y * share * Self.path
        case .grows: object.growth = 1 + share * 0.9
        case .shrinks: object.growth = 1 - share * 0.55
        case .turnsColor(let color): if number >= Self.frameCount / 2 { object.color = color }
        case .vanishes, .appears:
            let isThere = (number < Self.frameCount / 2) == (action == .vanishes)
            if !isThere {
                frame.objects.remove(at: actor)
                return frame
            }
        }
        frame.objects[actor] = object
        return frame
    }

    public var frames: [Scene] { (0..<Self.frameCount).map(frame) }

    /// How far something moves, as a share of the picture's side.
    static let path = 0.36
}
