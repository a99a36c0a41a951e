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
        let taken = storage[start..<count]
        count = start
        return [Element](unsafeUninitializedCapacity: taken.count) { array, initializedCount in
            initializedCount = array.moveInitialize(fromContentsOf: taken)
        }
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
        if let known = names[slot], known.withUnsafeBytes({ $0.elementsEqual(bytes) }) { return known }
        let name = JSONString(copying: bytes)
        names[slot] = name
        return name
    }
}
