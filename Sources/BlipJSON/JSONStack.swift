/// Values on their way into an array whose size is not known yet.
///
/// They are moved and never copied: copies would count references up and down.
struct JSONStack<Element>: ~Copyable {
    private var storage = UnsafeMutableBufferPointer<Element>(start: nil, count: 0)
    private(set) var count = 0

    deinit {
        storage[..<count].deinitialize()
        storage.deallocate()
    }

    subscript(place: Int) -> Element { storage[place] }

    mutating func push(_ element: consuming Element) {
        if count == storage.count { grow() }
        storage.initializeElement(at: count, to: element)
        count += 1
    }

    /// Takes off all from a place on.
    mutating func pop(from start: Int) -> [Element] {
        var taken: [Element] = []
        taken.reserveCapacity(count - start)
        for place in start..<count { taken.append(storage.moveElement(from: place)) }
        count = start
        return taken
    }

    @inline(never)
    private mutating func grow() {
        let larger = UnsafeMutableBufferPointer<Element>.allocate(capacity: max(16, 2 * storage.count))
        _ = larger.moveInitialize(fromContentsOf: storage[..<count])
        storage.deallocate()
        storage = larger
    }
}

/// Long names that were read, so that equal ones in one document share their bytes: a list of objects has the same names over and over.
struct JSONNameCache {
    private static let size = 16
    private var names: [JSONString?] = []

    mutating func shared(_ bytes: UnsafeRawBufferPointer) -> JSONString {
        if names.isEmpty { names = Array(repeating: nil, count: Self.size) }
        let slot = (bytes.count + 5 * Int(bytes[0]) + 3 * Int(bytes[bytes.count - 1])) % Self.size
        if let known = names[slot], known.withUnsafeBytes({ Self.isEqual($0, bytes) }) { return known }
        let name = JSONString(copying: bytes)
        names[slot] = name
        return name
    }

    /// - Precondition: the second has at least eight bytes.
    private static func isEqual(_ known: UnsafeRawBufferPointer, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard known.count == bytes.count else { return false }
        let last = bytes.count - 8
        for place in stride(from: 0, to: last, by: 8) where word(known, place) != word(bytes, place) { return false }
        return word(known, last) == word(bytes, last)
    }

    private static func word(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> UInt64 {
        bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
    }
}
