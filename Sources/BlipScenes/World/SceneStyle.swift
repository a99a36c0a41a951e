/// What a generator draws scenes of.
public struct SceneStyle: Sendable, Equatable {
    public enum Combinations: String, Sendable, CaseIterable {
        /// Those of ``HeldOutCombinations`` never.
        case seen
        /// At least one of ``HeldOutCombinations`` in every scene.
        case unseen
    }

    public var drawings: [Drawing]
    public var combinations: Combinations
    /// How many objects, signs included; at least one.
    public var objects: ClosedRange<Int>
    /// The chance of something written.
    public var text: Double
    /// Of what is written, the share of signs; the rest are single characters on objects.
    public var signs: Double
    /// The chance that an object hides a part of another one.
    public var overlap: Double
    /// The chance that an object takes its kind or its colour from one that is there already.
    public var repetition: Double
    public var charts: Double
    public var blurred: Double
    public var kinds: [ObjectKind]

    public init(
        drawings: [Drawing] = [.painted], combinations: Combinations = .seen, objects: ClosedRange<Int> = 1...5, text: Double = 0.3,
        signs: Double = 0.65, overlap: Double = 0.25, repetition: Double = 0.25, charts: Double = 0, blurred: Double = 0,
        kinds: [ObjectKind] = ObjectKind.ordinary
    ) {
        self.drawings = drawings
        self.combinations = combinations
        self.objects = objects
        self.text = text
        self.signs = signs
        self.overlap = overlap
        self.repetition = repetition
        self.charts = charts
        self.blurred = blurred
        self.kinds = kinds
    }

    /// What models are trained on.
    public static let training = SceneStyle()

    /// Painted like the training style, with combinations that it never has.
    public static let unseenCombinations = SceneStyle(combinations: .unseen)

    /// Another style of drawing.
    public static let sketches = SceneStyle(drawings: [.sketch, .chalk])

    /// Bars and slices.
    public static let charts = SceneStyle(charts: 1)

    /// Too blurred to be read.
    public static let blurredPictures = SceneStyle(blurred: 1)

    /// Another style of drawing, and unseen combinations.
    public static let heldOut = SceneStyle(drawings: [.sketch, .chalk], combinations: .unseen)
}
