import BlipJSON

/// A value of a JSON file together with where it stands, so that every complaint names file and place.
struct JSONReader {
    let file: String
    let place: String
    let value: JSONValue

    init(file: String, place: String = "the top", value: JSONValue) {
        self.file = file
        self.place = place
        self.value = value
    }

    /// The member; nil where it is absent or null.
    subscript(key: String) -> JSONReader? {
        value[JSONString(bytes: Array(key.utf8))].map { JSONReader(file: file, place: path(key), value: $0) }
    }

    func required(_ key: String) throws -> JSONReader {
        guard let member = self[key] else {
            throw TokenizerError.malformed(file: file, place: path(key), expected: "a value", found: "nothing")
        }
        return member
    }

    func kind(_ known: [String]) throws -> String {
        let kind = try required("type").string()
        guard known.contains(kind) else { throw unsupported(kind, known) }
        return kind
    }

    func string() throws -> String { String(decoding: try bytes(), as: UTF8.self) }

    func bytes() throws -> [UInt8] {
        guard let bytes = value.bytes else { throw malformed("a text") }
        return bytes
    }

    /// A text of exactly one scalar.
    func scalar() throws -> Unicode.Scalar {
        let scalars = UTF8Text.scalars(of: try bytes()[...])
        guard scalars.count == 1 else { throw malformed("a text of one character") }
        return scalars[0]
    }

    func bool() throws -> Bool {
        guard let bool = value.bool else { throw malformed("true or false") }
        return bool
    }

    func bool(_ key: String, default fallback: Bool) throws -> Bool { try self[key]?.bool() ?? fallback }

    func integer(_ range: ClosedRange<Int> = 0...Vocabulary.idLimit) throws -> Int {
        guard let integer = value.integer, range.contains(integer) else {
            throw malformed("a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }

    func elements() throws -> [JSONReader] {
        guard let array = value.array else { throw malformed("a list") }
        return array.enumerated().map { JSONReader(file: file, place: path("\($0.offset)"), value: $0.element) }
    }

    /// The members of an object, in file order.
    func members() throws -> [(key: [UInt8], value: JSONReader)] {
        guard let object = value.object else { throw malformed("an object") }
        return object.members.map { ($0.key.bytes, JSONReader(file: file, place: path($0.key.description), value: $0.value)) }
    }

    func malformed(_ expected: String) -> TokenizerError {
        let found =
            switch value {
            case .null: "null"
            case .bool(let bool): "\(bool)"
            case .integer(let integer): "\(integer)"
            case .number(let number): "\(number)"
            case .string(let text): "\"\(String(text.description.prefix(40)))\""
            case .array: "a list"
            case .object: "an object"
            }
        return .malformed(file: file, place: place, expected: expected, found: found)
    }

    func unsupported(_ kind: String, _ known: [String]) -> TokenizerError {
        .unsupported(file: file, place: place, kind: kind, known: known)
    }

    private func path(_ key: String) -> String { place == "the top" ? key : "\(place).\(key)" }
}
