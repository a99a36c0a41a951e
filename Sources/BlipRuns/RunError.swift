import Foundation

/// Why a run's log could not be written, read or drawn.
public enum RunError: Error, Sendable, Equatable {
    /// No `log.jsonl` at the place or directly below it.
    case noRun(path: String)
    case unreadable(path: String, reason: String)
    /// `line` counts from 1.
    case badLine(path: String, line: Int, reason: String)
    /// Another process writes this log.
    case busy(path: String)
    /// A line of an earlier step than the one before.
    case stepBackwards(path: String, step: Int, last: Int)
    /// The name of a free number or event that would change what a line means. `reason` completes "the name ... ".
    case badName(name: String, reason: String)
    /// `operation` completes "cannot be ...".
    case system(operation: String, path: String, code: Int32)
    case noRuns
    /// `known` are the names there are.
    case unknownMetric(name: String, known: [String])
    case unknownPictureFormat(path: String)
}

extension RunError: CustomStringConvertible, LocalizedError {
    public var description: String {
        switch self {
        case .noRun(let path):
            return "there is no run in \(path): no log.jsonl in it or in a folder of it; give the folder of a training run"
        case .unreadable(let path, let reason): return "\(path) cannot be read: \(reason)"
        case .badLine(let path, let line, let reason):
            return "line \(line) of \(path) is not one of a training log (\(reason)); repair or remove that line"
        case .busy(let path): return "\(path) is being written by another process; wait for that run, or train in another folder"
        case .stepBackwards(let path, let step, let last):
            return "\(path) already tells of step \(last), so step \(step) cannot follow; resume the log at the step of the checkpoint"
        case .badName(let name, let reason): return "the name \"\(name)\" \(reason); choose another"
        case .system(let operation, let path, let code):
            let remedy = code == ENOSPC || code == EDQUOT ? "; make room on that disk" : ""
            return "\(path) cannot be \(operation): \(String(cString: strerror(code)))\(remedy)"
        case .noRuns: return "there is no run to draw; give the folder of at least one training run"
        case .unknownMetric(let name, let known):
            let those = known.isEmpty ? "they hold no numbers at all" : "there are \(known.joined(separator: ", "))"
            return "none of the runs has a metric \"\(name)\"; \(those)"
        case .unknownPictureFormat(let path): return "\(path) ends neither in .svg nor in .png; give a name that ends in one of them"
        }
    }

    public var errorDescription: String? { description }
}
