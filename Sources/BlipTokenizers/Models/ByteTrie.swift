/// A set of byte strings with values, walked byte by byte.
///
/// The children of all nodes stand in one open hash table keyed by (node, byte): compact, quick to build, and two probes per step.
struct ByteTrie: Sendable {
    static let root: Int32 = 0
    private var values: [Int32] = [-1]
    private var keys: [UInt64]
    private var children: [Int32]
    private var mask: Int
    private var used = 0
    private static let empty = UInt64.max

    init() {
        keys = [UInt64](repeating: Self.empty, count: 1024)
        children = [Int32](repeating: 0, count: 1024)
        mask = 1023
    }

    /// Later values replace earlier ones.
    mutating func insert(_ text: some Sequence<UInt8>, value: Int) {
        var node = Self.root
        for byte in text {
            if let next = child(of: node, byte) {
                node = next
            } else {
                let next = Int32(values.count)
                values.append(-1)
                add(node, byte, next)
                node = next
            }
        }
        values[Int(node)] = Int32(value)
    }

    @inline(__always)
    func child(of node: Int32, _ byte: UInt8) -> Int32? {
        let key = Self.key(node, byte)
        var slot = Self.hash(key) & mask
        while keys[slot] != Self.empty {
            if keys[slot] == key { return children[slot] }
            slot = (slot + 1) & mask
        }
        return nil
    }

    @inline(__always)
    func value(at node: Int32) -> Int? {
        let value = values[Int(node)]
        return value < 0 ? nil : Int(value)
    }

    /// The node the text leads to.
    func node(after text: some Sequence<UInt8>) -> Int32? {
        var node = Self.root
        for byte in text {
            guard let next = child(of: node, byte) else { return nil }
            node = next
        }
        return node
    }

    private mutating func add(_ node: Int32, _ byte: UInt8, _ child: Int32) {
        used += 1
        if used * 2 > keys.count {
            let (oldKeys, oldChildren) = (keys, children)
            keys = [UInt64](repeating: Self.empty, count: oldKeys.count * 2)
            children = [Int32](repeating: 0, count: oldKeys.count * 2)
            mask = keys.count - 1
            for (key, child) in zip(oldKeys, oldChildren) where key != Self.empty { place(key, child) }
        }
        place(Self.key(node, byte), child)
    }

    private mutating func place(_ key: UInt64, _ child: Int32) {
        var slot = Self.hash(key) & mask
        while keys[slot] != Self.empty { slot = (slot + 1) & mask }
        keys[slot] = key
        children[slot] = child
    }

    @inline(__always)
    private static func key(_ node: Int32, _ byte: UInt8) -> UInt64 { UInt64(node) << 8 | UInt64(byte) }

    @inline(__always)
    private static func hash(_ key: UInt64) -> Int { Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 20) }
}
