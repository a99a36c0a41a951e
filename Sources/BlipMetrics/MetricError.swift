import Foundation

/// Why predictions cannot be scored.
public enum MetricError: Error, Sendable, Equatable, CustomStringConvertible, LocalizedError {
    /// There is nothing to average over.
    case nothingToScore(what: String)
    /// A list has another length than the one it belongs to.
    case wrongCount(what: String, expected: Int, found: Int)
    /// A score or another number that must be finite is not, or is out of its range.
    case badNumber(place: String, expected: String, found: String)
    /// Ranks that are not a permutation of 1 to their number.
    case badRanks(place: String, expected: String, found: String)
    /// All labels are the same, so that nothing tells positives from negatives.
    case oneClass(found: String)
    /// References without a prediction, or predictions without a reference; `examples` are the first few ids.
    case missingPredictions(place: String, count: Int, of: Int, examples: [String])
    case unknownPredictions(place: String, count: Int, of: Int, examples: [String])
    /// An id that stands twice, first and second place.
    case duplicate(id: String, first: String, second: String)
    case badRecord(place: String, expected: String, found: String)
    /// A file that has none of the forms that hold what is asked for.
    case unknownForm(path: String, expected: String, found: String)
    case unknownMetric(name: String, nearest: [String], available: [String])

    public var description: String {
        switch self {
        case .nothingToScore(let what): "There is nothing to score: \(what); give at least one prediction with its reference"
        case .wrongCount(let what, let expected, let found): "Expected \(expected) \(what), found \(found); give one for each"
        case .badNumber(let place, let expected, let found): "\(place): expected \(expected), found \(found)"
        case .badRanks(let place, let expected, let found): "\(place): expected \(expected), found \(found); rank every option once"
        case .oneClass(let found): "All labels are \(found), so no threshold can be judged; give both positive and negative samples"
        case .missingPredictions(let place, let count, let total, let examples):
            "\(place) has no prediction for \(count) of the \(total) references (\(Self.list(examples, of: count))); "
                + "predict all of them, or score only those that are there"
        case .unknownPredictions(let place, let count, let total, let examples):
            "\(place): \(count) of the \(total) predictions have an id that no reference has (\(Self.list(examples, of: count))); "
                + "are these files of the same split?"
        case .duplicate(let id, let first, let second): "\(second): the id \"\(id)\" was there before (\(first)); keep one of them"
        case .badRecord(let place, let expected, let found): "\(place): expected \(expected), found \(found)"
        case .unknownForm(let path, let expected, let found): "\(path): expected \(expected), found \(found); is this the right file?"
        case .unknownMetric(let name, let nearest, let available):
            "There is no metric \"\(name)\""
                + (nearest.isEmpty
                    ? "; there are \(available.joined(separator: ", "))" : "; did you mean \(nearest.joined(separator: " or "))?")
        }
    }

    public var errorDescription: String? { description }

    private static func list(_ examples: [String], of count: Int) -> String {
        examples.joined(separator: ", ") + (count > examples.count ? ", ..." : "")
    }
}
