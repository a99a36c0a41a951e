extension JSONValue {
    /// Reads one JSON document (RFC 8259, strictly: no comments, no trailing commas, nothing after the value but white space).
    ///
    /// Bounded in depth, so that hostile input cannot exhaust the stack, and on request in values, which take more memory than text.
    public init(parsing bytes: UnsafeRawBufferPointer, maximumDepth: Int = 128, maximumValues: Int = .max) throws(JSONError) {
        var parser = JSONParser(bytes: bytes, maximumDepth: maximumDepth, maximumValues: maximumValues)
        self = try parser.document()
    }

    public init(parsing bytes: [UInt8], maximumDepth: Int = 128) throws(JSONError) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(JSONError) in try JSONValue(parsing: buffer, maximumDepth: maximumDepth) }
        }
        self = try result.get()
    }
}

/// A recursive-descent reader over bytes.
struct JSONParser: ~Copyable {
    let bytes: UnsafeRawBufferPointer
    let count: Int
    let maximumDepth: Int
    let maximumValues: Int
    var place = 0
    private var valueCount = 0

    /// Members and elements of the objects and arrays that are not closed yet, so that each closed one is allocated once, in its size.
    private var members = JSONStack<JSONObject.Member>()
    private var elements = JSONStack<JSONValue>()
    var names = JSONNameCache()

    init(bytes: UnsafeRawBufferPointer, maximumDepth: Int, maximumValues: Int) {
        self.bytes = bytes
        count = bytes.count
        (self.maximumDepth, self.maximumValues) = (maximumDepth, maximumValues)
    }

    mutating func document() throws(JSONError) -> JSONValue {
        let value = try value(depth: 0)
        skipSpace()
        if place < count { throw unexpected("the end") }
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= maximumDepth else { throw .tooDeep(offset: place, limit: maximumDepth) }
        valueCount += 1
        guard valueCount <= maximumValues else { throw .tooManyValues(offset: place, limit: maximumValues) }
        skipSpace()
        guard place < count else { throw unexpected("a value") }
        switch bytes[place] {
        case UInt8(ascii: "\""): return .string(try string(isName: false))
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw unexpected("a value")
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        place += 1
        skipSpace()
        if take("}") { return .object(JSONObject(members: [], places: nil)) }
        let first = members.count
        var places: [JSONString: Int]?
        repeat {
            skipSpace()
            guard place < count, bytes[place] == UInt8(ascii: "\"") else { throw unexpected("a name in quotes") }
            let start = place
            let key = try string(isName: true)
            skipSpace()
            guard take(":") else { throw unexpected("':'") }
            let value = try value(depth: depth + 1)
            guard isNew(key, from: first, &places) else { throw .duplicateKey(offset: start, key: key.description) }
            members.push(JSONObject.Member(key: key, value: value))
            skipSpace()
        } while take(",")
        guard take("}") else { throw unexpected("',' or '}'") }
        return .object(JSONObject(members: members.pop(from: first), places: places))
    }

    /// Whether none of the members from `first` on has this name. Their places are noted once they are many.
    private func isNew(_ key: JSONString, from first: Int, _ places: inout [JSONString: Int]?) -> Bool {
        let count = members.count - first
        if count < JSONObject.searchedLimit {
            for place in first..<members.count where members[place].key == key { return false }
            return true
        }
        if places == nil {
            places = Dictionary(minimumCapacity: 2 * count)
            for place in 0..<count { places?[members[first + place].key] = place }
        }
        return places?.updateValue(count, forKey: key) == nil
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        place += 1
        skipSpace()
        if take("]") { return .array([]) }
        let first = elements.count
        repeat {
            elements.push(try value(depth: depth + 1))
            skipSpace()
        } while take(",")
        guard take("]") else { throw unexpected("',' or ']'") }
        return .array(elements.pop(from: first))
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let length = word.utf8CodeUnitCount
        guard place + length <= count, (0..<length).allSatisfy({ bytes[place + $0] == word.utf8Start[$0] }) else {
            throw unexpected("'\(word)'")
        }
        place += length
        return value
    }

    @inline(__always)
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard place < count, bytes[place] == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    @inline(__always)
    private mutating func skipSpace() {
        while place < count, bytes[place] <= 0x20 {
            switch bytes[place] {
            case 0x20, 0x09, 0x0A, 0x0D: place += 1
            default: return
            }
        }
    }

    @inline(never)
    func unexpected(_ expected: String) -> JSONError {
        guard place < count else { return .unexpected(offset: place, found: "the end of the text", expected: expected) }
        let byte = bytes[place]
        let shown = (0x21..<0x7F).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : "byte 0x\(String(byte, radix: 16))"
        return .unexpected(offset: place, found: shown, expected: expected)
    }
}
