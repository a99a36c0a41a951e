import BlipJSON

/// The records of a zip archive as torch.save writes them: stored, not compressed, so that tensors can be used where they lie.
struct ZipDirectory {
    /// Places of the records' bytes in the file, by name.
    private(set) var records: [JSONString: Range<Int>] = [:]
    /// In the order of the directory.
    private(set) var names: [JSONString] = []

    private let bytes: UnsafeRawBufferPointer
    private let path: String

    private static let endSignature: UInt32 = 0x0605_4B50
    private static let end64Signature: UInt32 = 0x0606_4B50
    private static let locatorSignature: UInt32 = 0x0706_4B50
    private static let entrySignature: UInt32 = 0x0201_4B50
    static let localSignature: UInt32 = 0x0403_4B50
    private static let endSize = 22
    private static let maximumCount = 1 << 20

    /// Reads the directory at the end of the archive. All numbers are checked against the file; names are unique.
    init(_ bytes: UnsafeRawBufferPointer, path: String) throws {
        self.bytes = bytes
        self.path = path
        let (start, size, count) = try locate()
        var place = start
        for _ in 0..<count {
            guard place <= start + size - 46, try uint32(place) == Self.entrySignature else {
                throw bad("\(count) entries in the directory", "\(names.count)")
            }
            place = try readEntry(at: place, directory: start..<start + size)
        }
        guard place == start + size else { throw bad("a directory of \(size) bytes", "\(place - start) bytes of entries") }
    }

    /// Start, size and number of entries of the central directory.
    private func locate() throws -> (start: Int, size: Int, count: Int) {
        guard bytes.count >= Self.endSize else { throw bad("the end of a zip archive", "\(bytes.count) bytes in all") }
        // A comment of up to 65,535 bytes may follow the end record.
        var end = bytes.count - Self.endSize
        let lowest = max(0, end - 0xFFFF)
        while try uint32(end) != Self.endSignature || end + Self.endSize + Int(uint16(end + 20)) != bytes.count {
            guard end > lowest else { throw bad("the end of a zip archive", "none; the file is cut short") }
            end -= 1
        }
        var start = Int(try uint32(end + 16))
        var size = Int(try uint32(end + 12))
        var count = Int(try uint16(end + 10))
        var limit = end
        if end >= 20, try uint32(end - 20) == Self.locatorSignature {
            let place = try length(end - 12)
            guard place <= end - 20 - 56, try uint32(place) == Self.end64Signature else {
                throw bad("a zip64 end record", "none at byte \(place)")
            }
            (start, size, count) = (try length(place + 48), try length(place + 40), try length(place + 32))
            limit = place
        }
        guard start <= limit, size <= limit - start, count <= min(Self.maximumCount, size / 46) else {
            throw bad("a directory inside the file", "\(count) entries in \(size) bytes at byte \(start)")
        }
        return (start, size, count)
    }

    /// Reads one entry and its record's own header; gives the place of the next entry.
    private mutating func readEntry(at place: Int, directory: Range<Int>) throws -> Int {
        let flags = try uint16(place + 8)
        let method = try uint16(place + 10)
        var (stored, size, header) = (Int(try uint32(place + 20)), Int(try uint32(place + 24)), Int(try uint32(place + 42)))
        let nameSize = Int(try uint16(place + 28))
        let extraSize = Int(try uint16(place + 30))
        let next = place + 46 + nameSize + extraSize + Int(try uint16(place + 32))
        guard next <= directory.upperBound else { throw bad("an entry inside the directory", "its end at byte \(next)") }
        let name = JSONString(bytes: Array(bytes[place + 46..<place + 46 + nameSize]))
        let label = name.description

        var extra = place + 46 + nameSize
        let extraEnd = extra + extraSize
        while extra + 4 <= extraEnd {
            let (kind, length) = (try uint16(extra), Int(try uint16(extra + 2)))
            var field = extra + 4
            guard length <= extraEnd - field else { throw bad("extra fields that end", "\(length) bytes more", label) }
            extra = field + length
            guard kind == 1 else { continue }
            // Zip64: the numbers that do not fit 32 bits, in this order.
            for target in [\Numbers.size, \.stored, \.header] {
                var numbers = Numbers(size: size, stored: stored, header: header)
                guard numbers[keyPath: target] == 0xFFFF_FFFF else { continue }
                guard field + 8 <= extra else { throw bad("a 64-bit size", "the end of the field", label) }
                numbers[keyPath: target] = try self.length(field)
                field += 8
                (size, stored, header) = (numbers.size, numbers.stored, numbers.header)
            }
        }
        guard flags & 1 == 0 else { throw bad("a record that is not encrypted", "an encrypted one", label) }
        guard method == 0, stored == size else {
            let found = method == 8 ? "a deflated one" : method == 0 ? "\(stored) bytes for \(size)" : "compression method \(method)"
            throw bad("a stored record, as torch.save writes", found, label)
        }
        guard header <= directory.lowerBound - 30, try uint32(header) == Self.localSignature else {
            throw bad("a record at byte \(header)", "none", label)
        }
        let (localName, localExtra) = (Int(try uint16(header + 26)), Int(try uint16(header + 28)))
        let start = header + 30 + localName + localExtra
        guard start <= directory.lowerBound, size <= directory.lowerBound - start else {
            throw bad("a record of \(size) bytes before the directory", "the directory", label)
        }
        guard bytes[header + 30..<header + 30 + localName].elementsEqual(name.bytes) else {
            throw bad("the same name in the directory and before the record", "two names", label)
        }
        guard records.updateValue(start..<start + size, forKey: name) == nil else { throw bad("one record of this name", "two", label) }
        names.append(name)
        return next
    }

    private struct Numbers {
        var size: Int
        var stored: Int
        var header: Int
    }

    // MARK: Numbers, little end first

    private func uint16(_ place: Int) throws -> UInt16 { UInt16(littleEndian: try load(place)) }

    private func uint32(_ place: Int) throws -> UInt32 { UInt32(littleEndian: try load(place)) }

    private func length(_ place: Int) throws -> Int {
        let value = UInt64(littleEndian: try load(place))
        guard let count = Int(exactly: value) else { throw bad("a size below 2^63", "\(value)") }
        return count
    }

    private func load<Number: FixedWidthInteger & BitwiseCopyable>(_ place: Int) throws -> Number {
        guard place >= 0, place <= bytes.count - MemoryLayout<Number>.size else { throw bad("a number at byte \(place)", "the end") }
        return bytes.loadUnaligned(fromByteOffset: place, as: Number.self)
    }

    private func bad(_ expected: String, _ found: String, _ record: String? = nil) -> PickleError {
        .badArchive(path: path, record: record, expected: expected, found: found)
    }
}
