/// The tokens of a model: text to id and back, by bytes.
///
/// All texts stand in one buffer and are found through an open hash table, so that looking up a part of a text allocates nothing.
struct Vocabulary: Sendable {
    private var storage: [UInt8] = []
    private var starts: [Int32] = [0]
    private var ids: [Int32] = []
    private var slots: [Int32]
    private var mask: Int
    private var entryOfID: [Int: Int32] = [:]

    /// Ids are below this; it keeps hostile files from asking for huge tables.
    static let idLimit = 1 << 30

    init(capacity: Int = 0) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        slots = [Int32](repeating: -1, count: size)
        mask = size - 1
        starts.reserveCapacity(capacity + 1)
        ids.reserveCapacity(capacity)
        entryOfID.reserveCapacity(capacity)
    }

    /// How many different texts there are.
    var count: Int { ids.count }

    /// Adds a token. A text that is already there gets the new id; an id that is already taken keeps its first text on the way back.
    mutating func insert(_ text: [UInt8], id: Int) {
        if let entry = entry(of: text[...]) {
            let old = Int(ids[entry])
            if entryOfID[old] == Int32(entry) { entryOfID[old] = nil }
            ids[entry] = Int32(id)
            if entryOfID[id] == nil { entryOfID[id] = Int32(entry) }
            return
        }
        let entry = ids.count
        storage.append(contentsOf: text)
        starts.append(Int32(storage.count))
        ids.append(Int32(id))
        if entryOfID[id] == nil { entryOfID[id] = Int32(entry) }
        if ids.count * 2 > slots.count { grow() } else { place(entry) }
    }

    func id(of text: ArraySlice<UInt8>) -> Int? { entry(of: text).map { Int(ids[$0]) } }
    func id(of text: [UInt8]) -> Int? { id(of: text[...]) }

    func text(of id: Int) -> [UInt8]? { entryOfID[id].map { Array(bytes(ofEntry: Int($0))) } }

    /// Every token, in the order of insertion.
    func forEach(_ body: (_ text: ArraySlice<UInt8>, _ id: Int) throws -> Void) rethrows {
        for entry in 0..<ids.count { try body(bytes(ofEntry: entry), Int(ids[entry])) }
    }

    private func bytes(ofEntry entry: Int) -> ArraySlice<UInt8> { storage[Int(starts[entry])..<Int(starts[entry + 1])] }

    private func entry(of text: ArraySlice<UInt8>) -> Int? {
        var slot = Self.hash(text) & mask
        while slots[slot] >= 0 {
            let entry = Int(slots[slot])
            let start = Int(starts[entry])
            if Int(starts[entry + 1]) - start == text.count, storage[start..<start + text.count].elementsEqual(text) { return entry }
            slot = (slot + 1) & mask
        }
        return nil
    }

    private mutating func place(_ entry: Int) {
        var slot = Self.hash(bytes(ofEntry: entry)) & mask
        while slots[slot] >= 0 { slot = (slot + 1) & mask }
        slots[slot] = Int32(entry)
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        mask = slots.count - 1
        for entry in 0..<ids.count { place(entry) }
    }

    private static func hash(_ text: ArraySlice<UInt8>) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int(truncatingIfNeeded: hash ^ hash >> 29)
    }
}
