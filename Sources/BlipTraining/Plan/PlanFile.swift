public import Foundation
import Yams

/// A plan as it was written, with overrides in place.
public struct PlanFile {
    /// The name of the file, for messages.
    public let name: String
    /// What relative paths in it are relative to.
    public let folder: URL
    private var node: Node

    /// - Parameter overrides: `key=value` each, where a key is a path such as `data.seed` or `data.datasets[0].weight` and a value is YAML.
    public init(_ url: URL, overrides: [String] = []) throws(PlanError) {
        let text: String
        do { text = try String(contentsOf: url, encoding: .utf8) } catch {
            throw .unreadable(path: url.path, reason: (error as NSError).localizedDescription)
        }
        try self.init(text, name: url.lastPathComponent, folder: url.deletingLastPathComponent(), overrides: overrides)
    }

    public init(_ text: String, name: String, folder: URL, overrides: [String] = []) throws(PlanError) {
        self.name = name
        self.folder = folder
        node = try Self.node(text, name) ?? .mapping(Node.Mapping([]))
        guard case .mapping = node else { throw root.wrong("a mapping of keys") }
        for override in overrides { try set(override) }
    }

    public var root: PlanValue { PlanValue(node: node, file: name, path: "") }

    /// The plan with its overrides, as YAML.
    public func yaml() throws -> String { try Yams.serialize(node: node) }

    /// A path of the plan, as a file on this machine.
    public func url(_ path: String) -> URL {
        let path = (path as NSString).expandingTildeInPath
        return path.hasPrefix("/") ? URL(fileURLWithPath: path) : folder.appendingPathComponent(path).standardizedFileURL
    }

    private static func node(_ text: String, _ name: String) throws(PlanError) -> Node? {
        do { return try Yams.compose(yaml: text) } catch {
            // The library's sentences hold the offending line and a caret, on lines of their own.
            let reason = "\(error)".split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
            throw .notYAML(path: name, reason: reason.filter { !$0.isEmpty && $0 != "^" }.joined(separator: " "))
        }
    }

    // MARK: Overrides

    private mutating func set(_ override: String) throws(PlanError) {
        guard let equals = override.firstIndex(of: "=") else { throw .badOverride(text: override, reason: "write it as key=value") }
        let (key, text) = (String(override[..<equals]), String(override[override.index(after: equals)...]))
        let steps = try Self.steps(key, override)
        let value = try Self.node(text, override) ?? Node("", Tag(.implicit))
        try Self.replace(&node, steps[...], value, override)
    }

    private enum Step {
        case key(String)
        case place(Int)
    }

    private static func steps(_ key: String, _ override: String) throws(PlanError) -> [Step] {
        var steps: [Step] = []
        for part in key.split(separator: ".", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "[", omittingEmptySubsequences: false)
            guard let name = pieces.first, !name.isEmpty else { throw .badOverride(text: override, reason: "a key is empty") }
            steps.append(.key(String(name)))
            for piece in pieces.dropFirst() {
                guard piece.last == "]", let place = Int(piece.dropLast()), place >= 0 else {
                    throw .badOverride(text: override, reason: "a place in a list is written as [0]")
                }
                steps.append(.place(place))
            }
        }
        return steps
    }

    private static func replace(_ node: inout Node, _ steps: ArraySlice<Step>, _ value: Node, _ override: String) throws(PlanError) {
        guard let step = steps.first else {
            node = value
            return
        }
        switch (step, node) {
        case (.key(let key), .mapping(var mapping)):
            // A key that the plan leaves out is added; whether it means anything is for the plan's reader to say.
            var inner = mapping[Node(key)] ?? .mapping(Node.Mapping([]))
            try replace(&inner, steps.dropFirst(), value, override)
            mapping[Node(key)] = inner
            node = .mapping(mapping)
        case (.place(let place), .sequence(var sequence)):
            guard sequence.indices.contains(place) else {
                throw .badOverride(text: override, reason: "its list has \(sequence.count) entries, counted from 0")
            }
            try replace(&sequence[place], steps.dropFirst(), value, override)
            node = .sequence(sequence)
        case (.key(let key), _): throw .badOverride(text: override, reason: "there is no mapping that could hold \"\(key)\"")
        case (.place(let place), _): throw .badOverride(text: override, reason: "there is no list that could have a place [\(place)]")
        }
    }
}
