import BlipData
import Yams

/// The keys of one mapping of a plan, taken one by one; what nobody took is a mistake.
public struct PlanMapping {
    private let value: PlanValue
    private var rest: [(key: String, value: PlanValue)] = []
    /// Every key that was asked for, there or not: what a mistyped one may have been meant to be.
    private var known: [String] = []

    init(_ mapping: Node.Mapping, of value: PlanValue) throws(PlanError) {
        self.value = value
        for (key, node) in mapping {
            guard case .scalar(let scalar) = key else {
                throw .wrongType(place: value.place, expected: "a text as a key", found: "a list or mapping")
            }
            let path = value.path.isEmpty ? scalar.string : "\(value.path).\(scalar.string)"
            rest.append((scalar.string, PlanValue(node: node, file: value.file, path: path)))
        }
    }

    public var place: String { value.place }

    /// The value of a key; nil where it is missing or empty.
    public mutating func take(_ key: String) -> PlanValue? {
        known.append(key)
        guard let place = rest.firstIndex(where: { $0.key == key }) else { return nil }
        let found = rest.remove(at: place).value
        return found.isNull ? nil : found
    }

    public mutating func need(_ key: String) throws(PlanError) -> PlanValue {
        guard let found = take(key) else { throw .missingKey(place: place, key: key) }
        return found
    }

    /// Call it when everything was taken.
    ///
    /// - Throws: ``PlanError/unknownKey(place:key:nearest:known:hint:)`` for the first key that nobody asked for.
    public func finish() throws(PlanError) {
        guard let (key, value) = rest.first else { return }
        let nearest = Spelling.nearest(to: key, among: known)
        throw .unknownKey(place: value.place, key: key, nearest: nearest, known: known, hint: KeySynonyms.hint(for: key))
    }
}
