import BlipJSON

extension RecordFinder {
    /// How many member names an error lists.
    static let listedNames = 24
    private static let nameLimit = 1 << 16

    mutating func nextJSON(_ keys: [String], isArray: Bool) throws(RecordError) -> FoundRecord? {
        switch stage {
        case .after: return nil
        case .before:
            try enter(keys)
            try open(keys, isArray: isArray)
            stage = .first
        case .first, .later: break
        }
        let close = UInt8(ascii: isArray ? "]" : "}")
        var byte = try solidByte()
        if byte == close, stage == .first {
            source.position += 1
            try leave(keys)
            return nil
        }
        if stage == .later {
            if byte == close {
                source.position += 1
                try leave(keys)
                return nil
            }
            try take(",", or: isArray ? "',' or ']'" : "',' or '}'")
            byte = try solidByte()
        }
        stage = .later
        guard isArray || byte == UInt8(ascii: "\"") else { throw unexpected("a name in quotes") }
        source.beginRecord(count, isKept: keepsBytes)
        try skipValue(in: isArray)
        let (range, bytes) = try source.endRecord()
        return FoundRecord(range: range, line: nil, bytes: bytes)
    }

    /// Goes to the value at a path; a missing member is an error that lists the members that are there.
    mutating func enter(_ keys: [String]) throws(RecordError) {
        for (level, key) in keys.enumerated() {
            let path = Array(keys[...level])
            guard try solidByte() == UInt8(ascii: "{") else {
                throw try wrongKind(at: Array(keys[..<level]), expected: "an object")
            }
            source.position += 1
            var names: [String] = []
            var isFirst = true
            while true {
                let byte = try solidByte()
                if byte == UInt8(ascii: "}") {
                    throw .missingMember(path: source.file.path, member: Self.shown(path), members: names)
                }
                if !isFirst {
                    try take(",", or: "',' or '}'")
                    _ = try solidByte()
                }
                isFirst = false
                let name = try memberName()
                if name.bytes.elementsEqual(key.utf8) { break }
                if names.count < Self.listedNames { names.append(name.description) }
                try skipValue(in: false)
            }
        }
        _ = try solidByte()
    }

    /// The names of the object's members that begins at the next byte, and nothing else of it.
    mutating func memberNames(limit: Int) throws(RecordError) -> [String] {
        guard try solidByte() == UInt8(ascii: "{") else { return [] }
        source.position += 1
        var names: [String] = []
        while names.count < limit, try solidByte() != UInt8(ascii: "}") {
            if !names.isEmpty {
                try take(",", or: "',' or '}'")
                _ = try solidByte()
            }
            names.append(try memberName().description)
            try skipValue(in: false)
        }
        return names
    }

    /// The bytes of the value at the next byte: a member's value, or all that is left of the document.
    mutating func valueBytes(isMember: Bool) throws(RecordError) -> [UInt8] {
        source.beginRecord(0, isKept: true)
        if isMember {
            try skipValue(in: false)
        } else {
            repeat { source.position = source.limit } while try source.refill()
        }
        return try source.endRecord().bytes
    }

    private mutating func open(_ keys: [String], isArray: Bool) throws(RecordError) {
        guard try solidByte() == UInt8(ascii: isArray ? "[" : "{") else {
            throw try wrongKind(at: keys, expected: isArray ? "an array" : "an object")
        }
        source.position += 1
    }

    /// After the records: the rest of the objects around them, then nothing but white space.
    private mutating func leave(_ keys: [String]) throws(RecordError) {
        for level in keys.indices.reversed() {
            while try solidByte() != UInt8(ascii: "}") {
                try take(",", or: "',' or '}'")
                _ = try solidByte()
                let start = source.offset
                guard try !memberName().bytes.elementsEqual(keys[level].utf8) else {
                    throw .duplicateMember(path: source.file.path, member: Self.shown(Array(keys[...level])), offset: start)
                }
                try skipValue(in: false)
            }
            source.position += 1
        }
        try skipSpace()
        if try source.peek() != nil { throw unexpected("the end of the file") }
        stage = .after
    }

    /// Goes to the comma or bracket after a value that is not empty.
    mutating func skipValue(in isArray: Bool) throws(RecordError) {
        let byte = try solidByte()
        if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") { throw unexpected("a value") }
        var skipper = JSONSkipper()
        repeat {
            let limit = source.limit
            var position = source.position
            let outcome = source.buffer.withUnsafeBufferPointer { skipper.advance($0, position: &position, limit: limit) }
            source.position = position
            switch outcome {
            case .more: continue
            case .end:
                if source.buffer[position] == UInt8(ascii: isArray ? "}" : "]") { throw unexpected(isArray ? "',' or ']'" : "',' or '}'") }
                return
            case .mismatch(let expected): throw unexpected(expected)
            case .tooDeep: throw .tooDeep(path: source.file.path, offset: source.offset, limit: JSONSkipper.maximumDepth)
            }
        } while try source.refill()
        throw unexpected("the rest of a value")
    }

    /// A name in quotes and the colon after it.
    private mutating func memberName() throws(RecordError) -> JSONString {
        let start = source.offset
        guard try source.peek() == UInt8(ascii: "\"") else { throw unexpected("a name in quotes") }
        var bytes: [UInt8] = []
        var isEscaped = false
        repeat {
            guard let byte = try source.peek() else { throw unexpected("the rest of a name") }
            let isClosing = byte == UInt8(ascii: "\"") && !isEscaped && !bytes.isEmpty
            isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
            bytes.append(byte)
            source.position += 1
            if isClosing { break }
            guard bytes.count <= Self.nameLimit else {
                throw .tooLong(place: "\(source.file.path), a name (byte \(start))", limit: Self.nameLimit)
            }
        } while true
        _ = try solidByte()
        try take(":", or: "':'")
        do {
            guard case .string(let name) = try JSONValue(parsing: bytes) else { throw unexpected("a name") }
            return name
        } catch let error as JSONError {
            throw .brokenRecord(place: "\(source.file.path), a name (byte \(start))", reason: error)
        } catch let error as RecordError {
            throw error
        } catch {
            throw unexpected("a name")
        }
    }

    /// What stands at the next byte in place of what was looked for.
    private mutating func wrongKind(at keys: [String], expected: String) throws(RecordError) -> RecordError {
        let found: String
        var members: [String] = []
        switch try solidByte() {
        case UInt8(ascii: "{"):
            found = "an object"
            members = try memberNames(limit: Self.listedNames)
        case UInt8(ascii: "["): found = "an array"
        case UInt8(ascii: "\""): found = "a string"
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): found = "a number"
        case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): found = "true, false or null"
        default: return unexpected(expected)
        }
        return .wrongKind(path: source.file.path, member: Self.shown(keys), expected: expected, found: found, members: members)
    }

    /// The next byte that is not white space; the end of the file is an error.
    mutating func solidByte() throws(RecordError) -> UInt8 {
        try skipSpace()
        guard let byte = try source.peek() else { throw unexpected("more of the JSON document") }
        return byte
    }

    private mutating func skipSpace() throws(RecordError) {
        while let byte = try source.peek(), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { source.position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar, or expected: String) throws(RecordError) {
        guard try source.peek() == UInt8(ascii: character) else { throw unexpected(expected) }
        source.position += 1
    }

    private func unexpected(_ expected: String) -> RecordError {
        var found = "the end of the file"
        if source.position < source.limit {
            let byte = source.buffer[source.position]
            found = (0x21..<0x7F).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : "byte 0x\(String(byte, radix: 16))"
        }
        return .structure(path: source.file.path, offset: source.offset, expected: expected, found: found)
    }

    /// `data.dialogs`, as it is shown in messages.
    static func shown(_ keys: [String]) -> String { keys.isEmpty ? "the whole document" : "\"\(keys.joined(separator: "."))\"" }
}
