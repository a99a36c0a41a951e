public import BlipJSON

/// The members of one record, read with errors that say where the record stands.
public struct RecordFields: Sendable {
    public let value: JSONValue
    private let origin: Origin

    /// Where a value comes from. Put into words only for a message: that takes longer than reading a short record.
    private enum Origin: Sendable {
        case named(String)
        case record(RecordFile, Int)
        /// A member's value, or with a number one of its elements.
        indirect case member(Origin, String, Int?)

        var description: String {
            switch self {
            case .named(let place): place
            case .record(let file, let index): file.place(index)
            case .member(let origin, let key, let number): "\(origin.description), \(key)" + (number.map { " \($0)" } ?? "")
            }
        }
    }

    public init(_ value: JSONValue, place: String) { self.init(value, .named(place)) }

    public init(_ file: RecordFile, _ index: Int) throws { self.init(try file.json(index), .record(file, index)) }

    private init(_ value: JSONValue, _ origin: Origin) {
        self.value = value
        self.origin = origin
    }

    /// How messages call the record: file, number and byte.
    public var place: String { origin.description }

    public func has(_ key: String) -> Bool { found(key) != nil }
    /// For members that are a text in one file and a list of texts in another.
    public func isText(_ key: String) -> Bool { found(key)?.string != nil }
    public func isInteger(_ key: String) -> Bool { found(key)?.integer != nil }

    public func text(_ key: String) throws(DataError) -> String { try need(key, "a text", \.string) }
    public func integer(_ key: String) throws(DataError) -> Int { try need(key, "a whole number", \.integer) }
    public func number(_ key: String) throws(DataError) -> Double { try need(key, "a number", \.double) }
    public func flag(_ key: String) throws(DataError) -> Bool { try need(key, "true or false", \.bool) }
    public func texts(_ key: String) throws(DataError) -> [String] { try need(key, "a list of texts") { $0.array.flatMap(Self.texts) } }
    public func numbers(_ key: String) throws(DataError) -> [Double] {
        try need(key, "a list of numbers") { value in
            guard let array = value.array else { return nil }
            let numbers = array.compactMap(\.double)
            return numbers.count == array.count ? numbers : nil
        }
    }

    /// Official files write the same id as a number here and as a text there.
    public func identifier(_ key: String) throws(DataError) -> String {
        try need(key, "a text or a whole number") { $0.string ?? $0.integer.map(String.init) }
    }

    /// Nil where the member is missing or null; of another type it is an error all the same.
    public func optionalText(_ key: String) throws(DataError) -> String? { has(key) ? try text(key) : nil }
    public func optionalInteger(_ key: String) throws(DataError) -> Int? { has(key) ? try integer(key) : nil }
    public func optionalTexts(_ key: String) throws(DataError) -> [String]? { has(key) ? try texts(key) : nil }
    public func optionalIdentifier(_ key: String) throws(DataError) -> String? { has(key) ? try identifier(key) : nil }

    public func object(_ key: String) throws(DataError) -> RecordFields {
        try need(key, "an object") { value in value.object.map { _ in RecordFields(value, .member(origin, key, nil)) } }
    }

    /// The objects of a list.
    public func objects(_ key: String) throws(DataError) -> [RecordFields] {
        try need(key, "a list of objects") { value in
            guard let array = value.array, array.allSatisfy({ $0.object != nil }) else { return nil }
            return array.enumerated().map { RecordFields($0.element, .member(origin, key, $0.offset + 1)) }
        }
    }

    public func bad(_ reason: String, _ flaw: RecordFlaw? = nil) -> DataError {
        if let flaw { .flawedRecord(place: place, flaw: flaw, reason: reason) } else { .badRecord(place: place, reason: reason) }
    }

    private func found(_ key: String) -> JSONValue? {
        guard let member = value[JSONString(stringLiteral: key)], member != .null else { return nil }
        return member
    }

    private func need<T>(_ key: String, _ kind: String, _ read: (JSONValue) -> T?) throws(DataError) -> T {
        guard value.object != nil else { throw bad("expected an object, found \(Self.kind(value))") }
        guard let member = value[JSONString(stringLiteral: key)] else { throw bad("it has no \"\(key)\"") }
        guard let result = read(member) else { throw bad("its \"\(key)\" is not \(kind), but \(Self.kind(member))") }
        return result
    }

    private static func texts(_ array: [JSONValue]) -> [String]? {
        let texts = array.compactMap(\.string)
        return texts.count == array.count ? texts : nil
    }

    private static func kind(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool: "true or false"
        case .integer, .number: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}
