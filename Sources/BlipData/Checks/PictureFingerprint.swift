/// What a picture looks like, in 64 bits that hardly change when it is scaled, recompressed or slightly toned.
public struct PictureFingerprint: Sendable, Hashable {
    /// For each of eight rows of eight places, whether the place to its right is brighter. Two unlike pictures differ in about half the bits.
    public var bits: UInt64

    public init(bits: UInt64) { self.bits = bits }

    /// - Parameter luminance: eight rows of nine places, from the upper left; any unit.
    public init(luminance: [Float]) {
        precondition(luminance.count == 72, "a fingerprint is taken of 8 rows of 9 places, not of \(luminance.count)")
        bits = 0
        for row in 0..<8 {
            for column in 0..<8 where luminance[row * 9 + column + 1] > luminance[row * 9 + column] {
                bits |= 1 << UInt64(row * 8 + column)
            }
        }
    }

    public func distance(to other: PictureFingerprint) -> Int { (bits ^ other.bits).nonzeroBitCount }
}

/// Finds fingerprints that differ in few bits without looking at all of them.
///
/// Fingerprints at most three bits apart agree in at least one of their four quarters, so that only those have to be compared.
struct FingerprintIndex: Sendable {
    /// Two pictures further apart count as different.
    static let maximumDistance = 3

    private var entries: [(fingerprint: PictureFingerprint, value: Int)] = []
    private var quarters: [[UInt16: [Int32]]] = Array(repeating: [:], count: 4)

    var isEmpty: Bool { entries.isEmpty }

    mutating func add(_ fingerprint: PictureFingerprint, _ value: Int) {
        let place = Int32(truncatingIfNeeded: entries.count)
        entries.append((fingerprint, value))
        for quarter in 0..<4 { quarters[quarter][Self.part(fingerprint, quarter), default: []].append(place) }
    }

    /// The value of the nearest fingerprint; nil if none is near.
    func nearest(to fingerprint: PictureFingerprint) -> Int? {
        var best: (distance: Int, place: Int)?
        for quarter in 0..<4 {
            for place in quarters[quarter][Self.part(fingerprint, quarter)] ?? [] {
                let candidate = (distance: entries[Int(place)].fingerprint.distance(to: fingerprint), place: Int(place))
                if candidate.distance <= Self.maximumDistance, best.map({ candidate < $0 }) ?? true { best = candidate }
            }
        }
        return best.map { entries[$0.place].value }
    }

    private static func part(_ fingerprint: PictureFingerprint, _ quarter: Int) -> UInt16 {
        UInt16(truncatingIfNeeded: fingerprint.bits >> UInt64(quarter * 16))
    }
}
