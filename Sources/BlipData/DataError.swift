public import Foundation

/// Why data cannot be used.
public enum DataError: Error, Sendable, Equatable, CustomStringConvertible, LocalizedError {
    case unknownDataset(name: String, nearest: [String])
    case missingSplit(dataset: String, split: String, available: [String])
    case missingFile(dataset: String, path: String, remedy: String)
    case badRecord(place: String, reason: String)
    /// A record that is whole but breaks a rule of its format.
    case flawedRecord(place: String, flaw: RecordFlaw, reason: String)
    case tooManyBadSamples(count: Int, limit: Int, last: String)
    case badTemplate(text: String, reason: String)
    /// A sample lacks what its template asks for.
    case emptyHole(template: String, hole: String, sample: String)
    case noAnswer(sample: String)
    /// Training on captions alone met something else.
    case notACaption(sample: String)
    case unknownFormat(path: String, reason: String)
    case badMixture(reason: String)
    case badPlan(place: String, reason: String)
    case unwritable(path: String, reason: String)

    public var description: String {
        switch self {
        case .unknownDataset(let name, let nearest):
            "there is no dataset \"\(name)\"" + (nearest.isEmpty ? "" : "; did you mean \(nearest.joined(separator: " or "))?")
        case .missingSplit(let dataset, let split, let available):
            "\(dataset) has no split \"\(split)\"; it has \(available.joined(separator: ", "))"
        case .missingFile(let dataset, let path, let remedy): "\(dataset) needs \(path), which is not there; \(remedy)"
        case .badRecord(let place, let reason), .flawedRecord(let place, _, let reason): "\(place): \(reason)"
        case .tooManyBadSamples(let count, let limit, let last):
            "\(count == 1 ? "a sample" : "\(count) samples") could not be read, more than the \(limit) allowed; the last one: \(last)"
        case .badTemplate(let text, let reason): "the template \"\(text)\" cannot be used: \(reason)"
        case .emptyHole(let template, let hole, let sample): "sample \(sample) has nothing for {\(hole)} in the template \"\(template)\""
        case .noAnswer(let sample): "sample \(sample) has no answer to learn; use a split whose answers are public"
        case .notACaption(let sample):
            "sample \(sample) is no caption, and these instructions are for captions alone; use data of captions, or instructions of another kind"
        case .unknownFormat(let path, let reason): "the format of \(path) is not known: \(reason)"
        case .badMixture(let reason): "these datasets cannot be mixed: \(reason)"
        case .badPlan(let place, let reason): "\(place): \(reason)"
        case .unwritable(let path, let reason): "\(path) cannot be written: \(reason)"
        }
    }

    public var errorDescription: String? { description }
}

/// Rules of formats that people's own data breaks most often.
public enum RecordFlaw: String, Sendable {
    /// The pictures of a conversation are not as many as the places for them.
    case imageCount = "image_count"
    /// Questions and answers do not take turns.
    case roleOrder = "role_order"
}
