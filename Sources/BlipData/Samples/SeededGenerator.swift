/// Random numbers that depend on nothing but the keys they were made from: the same for every process, thread and machine.
///
/// SplitMix64. Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014. The standard library's shuffles
/// and ranges may change how they use a generator from one release to the next, so that what must be repeatable is drawn with the methods here.
public struct SeededGenerator: RandomNumberGenerator, Sendable, Equatable {
    private var state: UInt64

    init(state: UInt64) { self.state = state }

    /// - Parameter keys: what the stream belongs to, for example an epoch and an index; their order matters.
    public init(seed: UInt64, _ keys: UInt64...) {
        state = Self.mixed(seed &+ 0x9E37_79B9_7F4A_7C15)
        for key in keys { state = Self.mixed(state ^ Self.mixed(key &+ 0x9E37_79B9_7F4A_7C15)) }
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mixed(state)
    }

    /// A number in `0..<bound`, every one as likely; `bound` is at least 1.
    public mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "there is no number below \(bound)")
        let bound = UInt64(bound)
        // Lemire's multiplication, rejecting the few values that would make small numbers likelier.
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let threshold = (0 &- bound) % bound
            while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
        }
        return Int(product.high)
    }

    /// A number in `0..<1`, with 53 random bits.
    public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A place among weights that are not negative, each as likely as its weight; nil if they have no positive sum.
    public mutating func place(among weights: [Double]) -> Int? {
        let sum = weights.reduce(0, +)
        guard sum > 0, sum.isFinite else { return nil }
        var rest = unit() * sum
        for (place, weight) in weights.enumerated() where weight > 0 {
            if rest < weight { return place }
            rest -= weight
        }
        return weights.lastIndex { $0 > 0 }
    }

    /// A key for a name, the same on every machine (64-bit FNV-1a).
    public static func key(_ name: String) -> UInt64 {
        name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    private static func mixed(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
