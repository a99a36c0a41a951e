import BlipJSON

/// The members of one JSON object of a request. Every wrong type and range is refused by the name of the field; `null` is a field left out, and
/// fields that nobody asks for are passed over.
struct Fields {
    private let object: JSONObject
    /// Where the object stands, as `messages[0].`.
    let place: String

    /// - Parameter place: the object's own name, empty for the whole body.
    init(_ value: JSONValue, at place: String = "") throws {
        guard case .object(let object) = value else {
            throw Refusal.badField(
                place.isEmpty ? nil : place, "\(place.isEmpty ? "the body" : place) must be an object, found \(Self.kind(value))")
        }
        self.object = object
        self.place = place.isEmpty ? "" : place + "."
    }

    func name(_ field: String) -> String { place + field }

    subscript(_ field: String) -> JSONValue? {
        guard let value = object[JSONString(stringLiteral: field)] else { return nil }
        if case .null = value { return nil }
        return value
    }

    func refusal(_ field: String, expected: String) -> Refusal {
        .badField(name(field), "\(name(field)) must be \(expected), found \(self[field].map(Self.kind) ?? "nothing")")
    }

    /// - Parameter limit: in bytes of UTF-8.
    func text(_ field: String, limit: Int) throws -> String? {
        guard let value = self[field] else { return nil }
        guard case .string(let string) = value else { throw refusal(field, expected: "a string") }
        guard string.count <= limit else {
            throw Refusal.badField(name(field), "\(name(field)) has \(string.count) bytes; \(limit) at most are taken")
        }
        return string.description
    }

    /// - Parameter limit: in characters, as JSON Schema counts them.
    func name(_ field: String, limit: Int) throws -> String? {
        guard let string = try bytes(field) else { return nil }
        guard string.length <= limit else {
            throw Refusal.badField(name(field), "\(name(field)) has \(string.length) characters; \(limit) at most are taken")
        }
        return string.description
    }

    /// The bytes of a string, which may be long.
    func bytes(_ field: String) throws -> JSONString? {
        guard let value = self[field] else { return nil }
        guard case .string(let string) = value else { throw refusal(field, expected: "a string") }
        return string
    }

    func flag(_ field: String) throws -> Bool? {
        guard let value = self[field] else { return nil }
        guard case .bool(let flag) = value else { throw refusal(field, expected: "true or false") }
        return flag
    }

    /// A whole number; `5.0` is one, as JSON Schema has it.
    func integer(_ field: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let value = self[field] else { return nil }
        let found: Int?
        switch value {
        case .integer(let number): found = number
        case .number(let number): found = Int(exactly: number)
        default: throw refusal(field, expected: "a whole number")
        }
        guard let found, range.contains(found) else {
            throw refusal(field, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return found
    }

    /// - Parameter above: the number must be greater than this one, where given, and not only as great as the lower end of the range.
    func number(_ field: String, in range: ClosedRange<Double>, above: Double? = nil) throws -> Double? {
        guard let value = self[field] else { return nil }
        guard let number = value.double else { throw refusal(field, expected: "a number") }
        guard number.isFinite, range.contains(number), above.map({ number > $0 }) ?? true else {
            let least = above.map { "above \(Self.shown($0))" } ?? "from \(Self.shown(range.lowerBound))"
            throw refusal(field, expected: "a number \(least) to \(Self.shown(range.upperBound))")
        }
        return number
    }

    func list(_ field: String, limit: Int) throws -> [JSONValue]? {
        guard let value = self[field] else { return nil }
        guard case .array(let elements) = value else { throw refusal(field, expected: "a list") }
        guard elements.count <= limit else {
            throw Refusal.badField(name(field), "\(name(field)) has \(elements.count) elements; \(limit) at most are taken")
        }
        return elements
    }

    func fields(_ field: String) throws -> Fields? {
        try self[field].map { try Fields($0, at: name(field)) }
    }

    func required<Value>(_ field: String, _ value: Value?) throws -> Value {
        guard let value else { throw Refusal.badField(name(field), "\(name(field)) is missing") }
        return value
    }

    /// Kinds and numbers, never words of the request: these may end in a log.
    static func kind(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .integer(let number): "\(number)"
        case .number(let number): shown(number)
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }

    private static func shown(_ number: Double) -> String { Int(exactly: number).map(String.init) ?? "\(number)" }
}

extension JSONString {
    /// How many characters there are, as JSON Schema counts them: Unicode's scalars.
    var length: Int { withUnsafeBytes { bytes in bytes.count { $0 & 0xC0 != 0x80 } } }
}
