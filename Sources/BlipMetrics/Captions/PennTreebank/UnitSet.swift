/// A set of UTF-16 code units, the characters that the reference tokenizer knows.
struct UnitSet: Sendable, Hashable {
    /// Sorted, with gaps between them.
    let ranges: [ClosedRange<UInt16>]

    init(_ ranges: [ClosedRange<UInt16>]) {
        var merged: [ClosedRange<UInt16>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, range.lowerBound <= last.upperBound || range.lowerBound == last.upperBound &+ 1 {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
    }

    /// The characters of a text, all of the Basic Multilingual Plane.
    init(_ characters: String) { self.init(characters.utf16.map { $0...$0 }) }

    static func | (left: UnitSet, right: UnitSet) -> UnitSet { UnitSet(left.ranges + right.ranges) }

    func subtracting(_ other: UnitSet) -> UnitSet { (inverted | other).inverted }

    /// All other units.
    var inverted: UnitSet {
        var gaps: [ClosedRange<UInt16>] = []
        var next = 0
        for range in ranges {
            if next < Int(range.lowerBound) { gaps.append(UInt16(next)...(range.lowerBound - 1)) }
            next = Int(range.upperBound) + 1
        }
        if next <= Int(UInt16.max) { gaps.append(UInt16(next)...UInt16.max) }
        return UnitSet(gaps)
    }

    func contains(_ unit: UInt16) -> Bool {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < unit { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(unit)
    }

    /// The units that are a scalar with some property, in characters that were assigned by Unicode 6.
    init(where property: (Unicode.Scalar) -> Bool) {
        var ranges: [ClosedRange<UInt16>] = []
        var first: UInt16?
        for unit in 0...UInt16.max {
            let isIn = Unicode.Scalar(unit).map { ($0.properties.age?.major ?? 99) <= 6 && property($0) } ?? false
            if isIn {
                if first == nil { first = unit }
            } else if let start = first {
                ranges.append(start...(unit - 1))
                first = nil
            }
        }
        if let first { ranges.append(first...UInt16.max) }
        self.init(ranges)
    }
}
