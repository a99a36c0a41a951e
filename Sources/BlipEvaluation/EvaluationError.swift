public import Foundation

/// Why an evaluation cannot be run or read.
public enum EvaluationError: Error, Sendable, Equatable, CustomStringConvertible, LocalizedError {
    case unknownBenchmark(name: String, nearest: [String], available: [String])
    case unknownOption(benchmark: String, name: String, available: [String])
    case badOption(benchmark: String, name: String, found: String, expected: String)
    case badTemplate(benchmark: String, text: String, reason: String)
    case nothingToEvaluate(benchmark: String, reason: String)
    /// A split whose answers are secret.
    case noReferences(benchmark: String, sample: String)
    case noCandidates(benchmark: String, sample: String)
    case allFailed(benchmark: String, count: Int, first: String)
    case badResults(path: String, reason: String)
    case notComparable(reason: String)
    case unwritable(path: String, reason: String)

    public var description: String {
        switch self {
        case .unknownBenchmark(let name, let nearest, let available):
            "there is no benchmark \"\(name)\"; "
                + (nearest.isEmpty
                    ? "there are \(available.joined(separator: ", "))" : "did you mean \(nearest.joined(separator: " or "))?")
        case .unknownOption(let benchmark, let name, let available):
            "\(benchmark) has no option \"\(name)\"; "
                + (available.isEmpty ? "it has none but prompt" : "it has prompt, \(available.joined(separator: ", "))")
        case .badOption(let benchmark, let name, let found, let expected):
            "\(benchmark).\(name) is \"\(found)\"; expected \(expected)"
        case .badTemplate(let benchmark, let text, let reason): "the prompt \"\(text)\" of \(benchmark) cannot be used: \(reason)"
        case .nothingToEvaluate(let benchmark, let reason): "there is nothing to evaluate of \(benchmark): \(reason)"
        case .noReferences(let benchmark, let sample):
            "sample \(sample) of \(benchmark) has no answer to compare with; choose a split whose answers are public, or write a submission file"
        case .noCandidates(let benchmark, let sample): "sample \(sample) of \(benchmark) has nothing to choose from"
        case .allFailed(let benchmark, let count, let first): "all \(count) samples of \(benchmark) failed, the first because \(first)"
        case .badResults(let path, let reason): "\(path) holds no evaluation that can be read: \(reason)"
        case .notComparable(let reason): "the two runs cannot be compared: \(reason)"
        case .unwritable(let path, let reason): "\(path) cannot be written: \(reason)"
        }
    }

    public var errorDescription: String? { description }
}
