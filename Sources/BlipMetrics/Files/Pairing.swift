import BlipData
import BlipJSON

/// Entries of a file by their ids, each id once.
struct IdentifiedEntries<Value> {
    /// What messages call the file.
    let file: String
    fileprivate(set) var ids: [JSONString] = []
    fileprivate(set) var values: [Value] = []
    fileprivate var places: [JSONString: Int] = [:]
    /// Ids that are known but not scored.
    fileprivate var ignored: Set<JSONString> = []

    init(_ file: String) { self.file = file }

    /// - Parameter place: where the entry stands, asked for only when its id comes again.
    /// - Throws: ``MetricError/duplicate(id:first:second:)``
    mutating func add(_ id: String, _ value: Value, at place: RecordFields) throws {
        let key = JSONString(bytes: Array(id.utf8))
        if let first = places[key] { throw MetricError.duplicate(id: id, first: "entry \(first + 1) of \(file)", second: place.place) }
        places[key] = ids.count
        ids.append(key)
        values.append(value)
    }

    /// The id is not scored, and may be predicted all the same.
    mutating func ignore(_ id: String) { ignored.insert(JSONString(bytes: Array(id.utf8))) }

    /// Whether the id is that of an entry, or is ignored.
    func knows(_ id: JSONString) -> Bool { places[id] != nil || ignored.contains(id) }

    /// The entry's value; nil if there is none.
    subscript(id: JSONString) -> Value? { places[id].map { values[$0] } }

    /// The same ids with other values.
    func mapped<Other>(_ transform: (JSONString, Value) throws -> Other) rethrows -> IdentifiedEntries<Other> {
        var entries = IdentifiedEntries<Other>(file)
        entries.values = try zip(ids, values).map(transform)
        (entries.ids, entries.places, entries.ignored) = (ids, places, ignored)
        return entries
    }

    /// Changes the value of an id, or adds it.
    mutating func update(_ id: String, default initial: @autoclosure () -> Value, _ change: (inout Value) -> Void) {
        let key = JSONString(bytes: Array(id.utf8))
        let place = places[key] ?? values.count
        if place == values.count {
            places[key] = place
            ids.append(key)
            values.append(initial())
        }
        change(&values[place])
    }
}

/// Predictions beside their references, in the order of the references.
struct Pairing<Prediction, Reference> {
    let predictions: [Prediction]
    let references: [Reference]
    /// References without a prediction, and predictions without a reference.
    let missing: Int
    let unknown: Int

    /// - Parameter isPartial: whether those that have no partner are left out; at least one pair is needed.
    /// - Throws: ``MetricError/missingPredictions(place:count:of:examples:)`` and ``MetricError/unknownPredictions(place:count:of:examples:)``
    init(_ predictions: IdentifiedEntries<Prediction>, _ references: IdentifiedEntries<Reference>, isPartial: Bool) throws {
        if references.ids.isEmpty { throw MetricError.nothingToScore(what: "\(references.file) has no references") }
        let missing = references.ids.filter { predictions[$0] == nil }
        let unknown = predictions.ids.filter { !references.knows($0) }
        if isPartial, missing.count == references.ids.count {
            throw MetricError.nothingToScore(what: "no id of \(predictions.file) is in \(references.file)")
        }
        if !unknown.isEmpty, !isPartial {
            throw MetricError.unknownPredictions(
                place: predictions.file, count: unknown.count, of: predictions.ids.count, examples: Self.examples(unknown))
        }
        if !missing.isEmpty, !isPartial {
            throw MetricError.missingPredictions(
                place: predictions.file, count: missing.count, of: references.ids.count, examples: Self.examples(missing))
        }
        (self.missing, self.unknown) = (missing.count, unknown.count)
        var pairs: ([Prediction], [Reference]) = ([], [])
        for (id, reference) in zip(references.ids, references.values) {
            guard let prediction = predictions[id] else { continue }
            pairs.0.append(prediction)
            pairs.1.append(reference)
        }
        (self.predictions, self.references) = pairs
    }

    private static func examples(_ ids: [JSONString]) -> [String] { ids.prefix(3).map(\.description) }
}
