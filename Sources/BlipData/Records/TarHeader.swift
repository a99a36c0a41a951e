/// One member of a tar archive.
public struct TarMember: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        case file
        case folder
        /// A symbolic or hard link, with what it points to.
        case link(to: String)
        /// A device, a pipe, or what only one archiver knows, with its letter.
        case other(UInt8)
    }

    /// Path inside the archive as written; may be absolute or lead out of it. Bytes that are not UTF-8 are replaced by U+FFFD.
    public let name: String
    public let kind: Kind
    /// Place of the content in the archive.
    public let offset: Int
    /// Length of the content in bytes; 0 for all but files and other kinds.
    public let size: Int

    /// The content's place in the archive.
    public var range: Range<Int> { offset..<offset + size }
}

/// A block of 512 bytes that begins a member (ustar; sizes also base-256 as GNU writes them).
struct TarHeader {
    static let blockSize = 512

    let name: [UInt8]
    let type: UInt8
    let size: Int
    let linkName: [UInt8]

    /// What is wrong with a block.
    struct Fault: Error {
        let expected: String
        let found: String
    }

    init(_ block: [UInt8]) throws(Fault) {
        // The sum counts its own field as spaces. Some old archivers summed signed bytes.
        let others = [block[..<148], block[156...]]
        let sum = others.reduce(8 * 0x20) { $1.reduce($0) { $0 + Int($1) } }
        let signedSum = others.reduce(8 * 0x20) { $1.reduce($0) { $0 + Int(Int8(bitPattern: $1)) } }
        let stored = try Self.number(block[148..<156], "a check sum in octal digits")
        guard stored == sum || stored == signedSum else {
            throw Fault(expected: "a header with the check sum \(sum)", found: "the check sum \(stored)")
        }
        type = block[156]
        size = try Self.number(block[124..<136], "a size in octal digits")
        linkName = Self.text(block[157..<257])
        // GNU archives (magic "ustar  ") use the prefix's place for other things.
        let prefix = block[257..<263].elementsEqual("ustar\0".utf8) ? Self.text(block[345..<500]) : []
        let rest = Self.text(block[0..<100])
        name = prefix.isEmpty ? rest : prefix + [UInt8(ascii: "/")] + rest
    }

    /// The bytes before the first 0.
    static func text(_ field: ArraySlice<UInt8>) -> [UInt8] { Array(field.prefix { $0 != 0 }) }

    /// Octal digits between spaces and zeros, or base-256 after a byte 0x80.
    private static func number(_ field: ArraySlice<UInt8>, _ expected: String) throws(Fault) -> Int {
        var value = 0
        if let first = field.first, first & 0x80 != 0 {
            for (place, byte) in field.enumerated() {
                let (shifted, overflow) = value.multipliedReportingOverflow(by: 256)
                guard first == 0x80, !overflow else {
                    throw Fault(expected: "a size of at most 63 bits", found: "a larger or negative one")
                }
                value = shifted | (place == 0 ? 0 : Int(byte))
            }
            return value
        }
        let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0 && $0 != 0x20 }
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else {
                throw Fault(expected: expected, found: "the byte 0x\(String(digit, radix: 16))")
            }
            value = value << 3 | Int(digit & 7)
        }
        return value
    }
}

/// The pax records, `length key=value\n`, that matter here, by key.
struct PaxRecords {
    private static let read = ["path", "linkpath", "size", "GNU.sparse.major", "GNU.sparse.size"].map { Array($0.utf8) }

    private(set) var values: [[UInt8]: [UInt8]] = [:]

    subscript(key: String) -> [UInt8]? { values[Array(key.utf8)] }

    /// Takes over records; an empty value removes one.
    mutating func merge(_ bytes: [UInt8]) throws(TarHeader.Fault) {
        var rest = bytes[...]
        while !rest.isEmpty, rest.first != 0 {
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard digits.count <= 9, let length = Int(String(decoding: digits, as: UTF8.self)), length > digits.count + 2,
                length <= rest.count,
                rest[digits.endIndex] == 0x20, rest[rest.startIndex + length - 1] == 0x0A,
                let equals = rest[..<(rest.startIndex + length - 1)].firstIndex(of: UInt8(ascii: "="))
            else { throw TarHeader.Fault(expected: "a pax record 'length key=value'", found: "something else") }
            let value = rest[(equals + 1)..<(rest.startIndex + length - 1)]
            let key = Array(rest[(digits.endIndex + 1)..<equals])
            if Self.read.contains(key) { values[key] = value.isEmpty ? nil : Array(value) }
            rest = rest.dropFirst(length)
        }
    }
}
