public import Foundation

/// Why a plan cannot be followed. Places read like `own-data.yaml line 12, data.datasets[0].weight`.
public enum PlanError: Error, Sendable, Equatable, CustomStringConvertible, LocalizedError {
    case unreadable(path: String, reason: String)
    case notYAML(path: String, reason: String)
    /// `hint` is for keys of other programs.
    case unknownKey(place: String, key: String, nearest: [String], known: [String], hint: String?)
    case missingKey(place: String, key: String)
    case wrongType(place: String, expected: String, found: String)
    case badValue(place: String, found: String, expected: String)
    /// An override that names no place of the plan.
    case badOverride(text: String, reason: String)

    public var description: String {
        switch self {
        case .unreadable(let path, let reason): "the plan \(path) cannot be read: \(reason)"
        case .notYAML(let path, let reason): "the plan \(path) is not YAML: \(reason)"
        case .unknownKey(let place, let key, _, _, let hint?): "\(place): there is no key \"\(key)\"; \(hint)"
        case .unknownKey(let place, let key, let nearest, let known, nil):
            "\(place): there is no key \"\(key)\"; "
                + (nearest.isEmpty ? "there are \(known.joined(separator: ", "))" : "did you mean \(nearest.joined(separator: " or "))?")
        case .missingKey(let place, let key): "\(place): the key \"\(key)\" is missing"
        case .wrongType(let place, let expected, let found): "\(place): expected \(expected), found \(found)"
        case .badValue(let place, let found, let expected): "\(place) is \(found); expected \(expected)"
        case .badOverride(let text, let reason): "\"\(text)\" cannot be set in the plan: \(reason)"
        }
    }

    public var errorDescription: String? { description }
}
