/// A value at a step. It may be NaN or infinite: training goes wrong at times, and a picture should show when.
public struct CurvePoint: Sendable, Equatable {
    public let step: Int
    public let value: Double

    public init(step: Int, value: Double) {
        self.step = step
        self.value = value
    }
}

/// The values of one metric in one run.
public struct Curve: Sendable, Equatable {
    /// How a curve is drawn.
    public enum Kind: Sendable {
        /// Many and noisy values: smoothed, over the faint raw line.
        case training
        /// Few values: dots on a dashed line.
        case validation
        /// Values without noise, such as a learning rate: a line.
        case exact
    }

    /// The run's name; curves of one name have one colour in all panels.
    public let run: String
    public let kind: Kind
    /// In order of their steps.
    public let points: [CurvePoint]

    public init(run: String, kind: Kind, points: [CurvePoint]) {
        self.run = run
        self.kind = kind
        self.points = points
    }
}

/// One pair of axes with the curves of a metric.
public struct CurvePanel: Sendable, Equatable {
    public let title: String
    public let curves: [Curve]

    public init(title: String, curves: [Curve]) {
        self.title = title
        self.curves = curves
    }
}
