public import Foundation

/// What a checkpoint scored when it was recorded, set by set: `scores.json` beside its weights.
///
/// A gate compares what it scores now: lower than recorded by more than chance explains means that something broke.
public struct RecordedScores: Sendable, Equatable, Codable {
    public struct Entry: Sendable, Equatable, Codable {
        /// The set's name, as `scenes_vqa`.
        public var set: String
        /// One of its metrics, as `vqa_accuracy`.
        public var metric: String
        /// In the metric's own unit, where more is better.
        public var value: Double
        /// How many samples of the set were asked, spread evenly over it.
        public var count: Int
        /// The standard error of the value over the choice of samples.
        public var stderr: Double
        /// What the code was at when this was measured.
        public var commit: String

        public init(set: String, metric: String, value: Double, count: Int, stderr: Double, commit: String) {
            (self.set, self.metric, self.value, self.count, self.stderr, self.commit) = (set, metric, value, count, stderr, commit)
        }

        /// The least value that passes: two standard errors below what was recorded, and no less than one sample, as where all of them were right.
        public var least: Double { value - max(2 * stderr, 1 / Double(count)) }
    }

    public static let fileName = "scores.json"

    /// In the order of the catalog.
    public var scores: [Entry]

    public init(_ scores: [Entry]) { self.scores = scores }

    /// - Throws: ``SceneModelError/badScores(path:reason:)``.
    public init(in folder: URL) throws(SceneModelError) {
        let file = folder.appendingPathComponent(Self.fileName)
        do {
            self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: file))
        } catch { throw .badScores(path: file.path, reason: Self.reason(error)) }
        for entry in scores where !entry.value.isFinite || !(entry.stderr >= 0) || entry.count < 1 {
            throw .badScores(path: file.path, reason: "\(entry.set) has a value, error or count that none can be")
        }
        if Set(scores.map { [$0.set, $0.metric] }).count < scores.count {
            throw .badScores(path: file.path, reason: "a metric of a set stands there twice")
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "\(key.stringValue) is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context):
            context.debugDescription
        default: error.localizedDescription
        }
    }

    /// The sets, each once, in their order.
    public var sets: [String] { scores.map(\.set).reduce(into: []) { sets, set in if sets.last != set { sets.append(set) } } }

    /// What is worse now.
    ///
    /// - Parameter measured: by set and metric, of the same samples.
    /// - Returns: a sentence for each value that is too low, is no number, or is not there.
    public func complaints(_ measured: [String: [String: Double]]) -> [String] {
        scores.compactMap { entry in
            guard let value = measured[entry.set]?[entry.metric] else { return "\(entry.set): \(entry.metric) was not measured" }
            if value >= entry.least { return nil }
            let numbers = [entry.value, entry.stderr, value].map { String(format: "%.4f", $0) }
            return "\(entry.set): \(entry.metric) was \(numbers[0]) with a standard error of \(numbers[1]), and is \(numbers[2])"
        }
    }
}
