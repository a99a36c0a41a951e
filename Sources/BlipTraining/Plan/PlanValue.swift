import Yams

/// A value of a plan, and where it stands in it.
public struct PlanValue {
    let node: Node
    let file: String
    /// The keys that lead to it, as an override names it: `data.datasets[0].weight`. Empty for the whole plan.
    public let path: String

    /// How messages call it.
    public var place: String {
        let line = node.mark.map { " line \($0.line)" } ?? ""
        return path.isEmpty ? "\(file)\(line)" : "\(file)\(line), \(path)"
    }

    public func mapping() throws(PlanError) -> PlanMapping {
        guard case .mapping(let mapping) = node else { throw wrong("a mapping of keys") }
        return try PlanMapping(mapping, of: self)
    }

    public func list() throws(PlanError) -> [PlanValue] {
        guard case .sequence(let items) = node else { throw wrong("a list") }
        return items.enumerated().map { PlanValue(node: $0.element, file: file, path: "\(path)[\($0.offset)]") }
    }

    /// A single value stands for a list of one.
    public func oneOrMore() throws(PlanError) -> [PlanValue] {
        isList ? try list() : [self]
    }

    public var isMapping: Bool { if case .mapping = node { true } else { false } }
    public var isList: Bool { if case .sequence = node { true } else { false } }
    public var isNull: Bool {
        if case .scalar(let scalar) = node { isPlain(scalar) && ["", "~", "null"].contains(scalar.string) } else { false }
    }

    public func text() throws(PlanError) -> String {
        guard case .scalar(let scalar) = node, !isNull else { throw wrong("a text") }
        return scalar.string
    }

    public func texts() throws(PlanError) -> [String] { try list().map { value throws(PlanError) in try value.text() } }

    public func integer(in range: ClosedRange<Int> = 0...Int.max) throws(PlanError) -> Int {
        let text = try plain("a whole number")
        // People write 60_000, and 1e6.
        guard let value = Int(text.replacing("_", with: "")) ?? Double(text).flatMap(Int.init(exactly:)) else {
            throw wrong("a whole number")
        }
        guard range.contains(value) else {
            throw .badValue(
                place: place, found: text,
                expected: range.upperBound == .max ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A finite number.
    public func number(in range: ClosedRange<Double> = 0...Double.greatestFiniteMagnitude) throws(PlanError) -> Double {
        let text = try plain("a number")
        guard let value = Double(text.replacing("_", with: "")), value.isFinite else { throw wrong("a number") }
        guard range.contains(value) else {
            let upper = range.upperBound == .greatestFiniteMagnitude ? " or more" : " to \(range.upperBound)"
            throw .badValue(place: place, found: text, expected: "\(range.lowerBound)\(upper)")
        }
        return value
    }

    public func flag() throws(PlanError) -> Bool {
        switch try plain("true or false") {
        case "true", "True", "yes", "on": return true
        case "false", "False", "no", "off": return false
        default: throw wrong("true or false")
        }
    }

    /// One of the names of an enumeration.
    public func choice<T: RawRepresentable & CaseIterable>(_ type: T.Type = T.self) throws(PlanError) -> T where T.RawValue == String {
        let text = try text()
        guard let value = T(rawValue: text) else {
            throw .badValue(place: place, found: "\"\(text)\"", expected: T.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return value
    }

    func wrong(_ expected: String) -> PlanError { .wrongType(place: place, expected: expected, found: kind) }

    private func plain(_ expected: String) throws(PlanError) -> String {
        guard case .scalar(let scalar) = node, isPlain(scalar) else { throw wrong(expected) }
        return scalar.string
    }

    private func isPlain(_ scalar: Node.Scalar) -> Bool { scalar.style == .plain || scalar.style == .any }

    private var kind: String {
        switch node {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .scalar(let scalar): isNull ? "nothing" : "\"\(scalar.string)\""
        case .alias: "an alias"
        }
    }
}
