import Foundation

/// Unicode normalization forms, as of Unicode 9, whose tables `tokenizers` carries: newer characters neither decompose nor reorder.
///
/// Foundation gives the decomposition of single characters. Order and composition are ours, because Foundation (in Swift 6.3) leaves some
/// marks in the wrong order, does not compose 가 + ㄱ, and composes the invisible U+E0067 as if it were a "g".
enum CanonicalForm: Sendable {
    case d, c, kd, kc

    func callAsFunction(_ text: [UInt8]) -> [UInt8] {
        guard text.contains(where: { $0 >= 0x80 }) else { return text }
        var symbols: [Symbol] = []
        symbols.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let (scalar, length) = UTF8Text.scalar(in: text[...], at: index)
            decompose(scalar, into: &symbols)
            index += length
        }
        Self.order(&symbols)
        if self == .c || self == .kc { symbols = Self.composed(symbols) }
        return UTF8Text.bytes(of: symbols.lazy.map(\.scalar))
    }

    private struct Symbol {
        var scalar: Unicode.Scalar
        /// The canonical combining class; marks of different classes on one letter are sorted by it.
        var combiningClass: UInt8

        init(_ scalar: Unicode.Scalar) {
            self.scalar = scalar
            combiningClass =
                scalar.value < 0x300 || !UnicodeRules.isAssigned(scalar, by: 9) ? 0 : scalar.properties.canonicalCombiningClass.rawValue
        }
    }

    // MARK: Decomposition

    private func decompose(_ scalar: Unicode.Scalar, into symbols: inout [Symbol]) {
        switch scalar.value {
        case ..<0xA0, 0x3400...0x4DBF, 0x4E00...0x9FFF: symbols.append(Symbol(scalar))
        case Hangul.syllables: Hangul.parts(of: scalar).forEach { symbols.append(Symbol($0)) }
        default:
            guard UnicodeRules.isAssigned(scalar, by: 9) else { return symbols.append(Symbol(scalar)) }
            let isCompatible = self == .kd || self == .kc
            for part in Self.decomposition(of: scalar, isCompatible: isCompatible) { symbols.append(Symbol(part)) }
        }
    }

    private static func decomposition(of scalar: Unicode.Scalar, isCompatible: Bool) -> String.UnicodeScalarView {
        let text = String(scalar)
        return (isCompatible ? text.decomposedStringWithCompatibilityMapping : text.decomposedStringWithCanonicalMapping).unicodeScalars
    }

    /// Sorts each row of marks by class; marks of one class stay in order.
    private static func order(_ symbols: inout [Symbol]) {
        var start = 0
        while start < symbols.count {
            guard symbols[start].combiningClass > 0 else {
                start += 1
                continue
            }
            var end = start + 1
            while end < symbols.count, symbols[end].combiningClass > 0 { end += 1 }
            if end - start > 1 {
                let sorted = symbols[start..<end].enumerated().sorted {
                    ($0.element.combiningClass, $0.offset) < ($1.element.combiningClass, $1.offset)
                }
                symbols.replaceSubrange(start..<end, with: sorted.map(\.element))
            }
            start = end
        }
    }

    // MARK: Composition

    private static func composed(_ symbols: [Symbol]) -> [Symbol] {
        var result: [Symbol] = []
        result.reserveCapacity(symbols.count)
        var starter: Int?
        var previousClass: UInt8 = 0
        for symbol in symbols {
            // A mark reaches its letter unless one of the same or a higher class, or another letter, stands between.
            let isReached = starter.map { $0 == result.count - 1 || previousClass < symbol.combiningClass } ?? false
            if let starter, isReached, let joined = composition(result[starter].scalar, symbol.scalar) {
                result[starter] = Symbol(joined)
                continue
            }
            if symbol.combiningClass == 0 { starter = result.count }
            previousClass = symbol.combiningClass
            result.append(symbol)
        }
        return result
    }

    private static func composition(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
        Hangul.composition(first, second) ?? compositions[UInt64(first.value) << 32 | UInt64(second.value)]
    }

    /// The composed character of each pair.
    private static let compositions: [UInt64: Unicode.Scalar] = {
        var byParts: [[Unicode.Scalar]: Unicode.Scalar] = [:]
        for value in Array(UInt32(0xC0)..<0x3100) + Array(0x11000..<0x11A00) {
            guard let scalar = Unicode.Scalar(value), UnicodeRules.isAssigned(scalar, by: 9) else { continue }
            let parts = Array(decomposition(of: scalar, isCompatible: false))
            let isExcluded = scalar.properties.isFullCompositionExclusion
            if parts.count > 1, !isExcluded { byParts[parts] = scalar }
        }
        var pairs: [UInt64: Unicode.Scalar] = [:]
        for (parts, scalar) in byParts {
            guard let first = parts.count == 2 ? parts[0] : byParts[Array(parts.dropLast())] else { continue }
            pairs[UInt64(first.value) << 32 | UInt64(parts[parts.count - 1].value)] = scalar
        }
        return pairs
    }()
}

/// Korean syllables, which are made of letters by arithmetic (Unicode, section 3.12).
private enum Hangul {
    static let syllables: Range<UInt32> = 0xAC00..<0xD7A4

    static func parts(of syllable: Unicode.Scalar) -> [Unicode.Scalar] {
        let index = syllable.value - 0xAC00
        let last = index % 28
        let values = [0x1100 + index / 588, 0x1161 + index % 588 / 28] + (last > 0 ? [0x11A7 + last] : [])
        return values.compactMap(Unicode.Scalar.init)
    }

    static func composition(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
        if (0x1100..<0x1113).contains(first.value), (0x1161..<0x1176).contains(second.value) {
            return Unicode.Scalar(0xAC00 + (first.value - 0x1100) * 588 + (second.value - 0x1161) * 28)
        }
        if syllables.contains(first.value), (first.value - 0xAC00) % 28 == 0, (0x11A8..<0x11C3).contains(second.value) {
            return Unicode.Scalar(first.value + second.value - 0x11A7)
        }
        return nil
    }
}
