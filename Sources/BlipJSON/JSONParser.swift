import Foundation

/// Why a text is not JSON. Offsets count bytes from the beginning.
public enum JSONError: Error, Sendable, Equatable, CustomStringConvertible, LocalizedError {
    case unexpected(offset: Int, found: String, expected: String)
    case duplicateKey(offset: Int, key: String)
    case tooDeep(offset: Int, limit: Int)
    case invalidUTF8(offset: Int)

    public var description: String {
        switch self {
        case .unexpected(let offset, let found, let expected): "JSON is broken at byte \(offset): expected \(expected), found \(found)"
        case .duplicateKey(let offset, let key): "JSON names \"\(key)\" twice in one object (second time at byte \(offset))"
        case .tooDeep(let offset, let limit): "JSON is nested more than \(limit) deep at byte \(offset)"
        case .invalidUTF8(let offset): "JSON holds a string that is not UTF-8 at byte \(offset)"
        }
    }

    public var errorDescription: String? { description }
}

extension JSONValue {
    /// Reads one JSON document (RFC 8259, strictly: no comments, no trailing commas, nothing after the value but white space).
    ///
    /// Bounded in depth, so that hostile input cannot exhaust the stack.
    public init(parsing bytes: UnsafeRawBufferPointer, maximumDepth: Int = 128) throws(JSONError) {
        var parser = JSONParser(bytes: bytes, maximumDepth: maximumDepth)
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
struct JSONParser {
    let bytes: UnsafeRawBufferPointer
    let maximumDepth: Int
    private var place = 0

    init(bytes: UnsafeRawBufferPointer, maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    mutating func document() throws(JSONError) -> JSONValue {
        let value = try value(depth: 0)
        skipSpace()
        if place < bytes.count { throw unexpected("the end") }
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= maximumDepth else { throw .tooDeep(offset: place, limit: maximumDepth) }
        skipSpace()
        guard let first = peek else { throw unexpected("a value") }
        switch first {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw unexpected("a value")
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        var members: [(key: JSONString, value: JSONValue)] = []
        var places: [JSONString: Int] = [:]
        place += 1
        skipSpace()
        if take("}") { return .object(JSONObject(members: [], places: [:])) }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw unexpected("a name in quotes") }
            let start = place
            let key = try string()
            skipSpace()
            guard take(":") else { throw unexpected("':'") }
            let member = try value(depth: depth + 1)
            guard places.updateValue(members.count, forKey: key) == nil else {
                throw .duplicateKey(offset: start, key: key.description)
            }
            members.append((key, member))
            skipSpace()
            if take(",") { continue }
            if take("}") { return .object(JSONObject(members: members, places: places)) }
            throw unexpected("',' or '}'")
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        var elements: [JSONValue] = []
        place += 1
        skipSpace()
        if take("]") { return .array([]) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if take(",") { continue }
            if take("]") { return .array(elements) }
            throw unexpected("',' or ']'")
        }
    }

    private mutating func string() throws(JSONError) -> JSONString {
        place += 1
        let start = place
        var text: [UInt8] = []
        var runStart = place
        while place < bytes.count {
            let byte = bytes[place]
            if byte == UInt8(ascii: "\"") {
                text.append(contentsOf: bytes[runStart..<place])
                place += 1
                guard String(validating: text, as: UTF8.self) != nil else { throw .invalidUTF8(offset: start) }
                return JSONString(bytes: text)
            }
            if byte < 0x20 { throw unexpected("a control character written as an escape") }
            if byte == UInt8(ascii: "\\") {
                text.append(contentsOf: bytes[runStart..<place])
                place += 1
                try escape(into: &text)
                runStart = place
            } else {
                place += 1
            }
        }
        throw unexpected("a closing quote")
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        guard let kind = peek else { throw unexpected("an escape") }
        place += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(kind)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var scalar = UInt32(try hexadecimal())
            if (0xD800..<0xDC00).contains(scalar), place + 1 < bytes.count, bytes[place] == UInt8(ascii: "\\"),
                bytes[place + 1] == UInt8(ascii: "u")
            {
                let back = place
                place += 2
                let low = UInt32(try hexadecimal())
                if (0xDC00..<0xE000).contains(low) {
                    scalar = 0x10000 + (scalar - 0xD800) << 10 + (low - 0xDC00)
                } else {
                    place = back
                }
            }
            text.append(contentsOf: Array(String(Unicode.Scalar(scalar) ?? "\u{FFFD}").utf8))
        default:
            place -= 1
            throw unexpected("one of \" \\ / b f n r t u after a backslash")
        }
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw unexpected("four hexadecimal digits")
            }
            value = value << 4 | UInt16(digit)
            place += 1
        }
        return value
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = place
        var isInteger = true
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") {
            isInteger = false
            try digits()
        }
        if take("e") || take("E") {
            isInteger = false
            if !take("+") { _ = take("-") }
            try digits()
        }
        let text = String(decoding: bytes[start..<place], as: UTF8.self)
        if isInteger, let value = Int(text) { return .integer(value) }
        guard let value = Double(text) else { throw unexpected("a number") }
        return .number(value)
    }

    private mutating func digits() throws(JSONError) {
        let start = place
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { place += 1 }
        if place == start { throw unexpected("a digit") }
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let count = word.utf8CodeUnitCount
        guard place + count <= bytes.count, (0..<count).allSatisfy({ bytes[place + $0] == word.utf8Start[$0] }) else {
            throw unexpected("'\(word)'")
        }
        place += count
        return value
    }

    private var peek: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard place < bytes.count, bytes[place] == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    private mutating func skipSpace() {
        while place < bytes.count {
            switch bytes[place] {
            case 0x20, 0x09, 0x0A, 0x0D: place += 1
            default: return
            }
        }
    }

    private func unexpected(_ expected: String) -> JSONError {
        guard let byte = peek else { return .unexpected(offset: place, found: "the end of the text", expected: expected) }
        let shown = (0x21..<0x7F).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : "byte 0x\(String(byte, radix: 16))"
        return .unexpected(offset: place, found: shown, expected: expected)
    }
}
