import Foundation

/// Unicode normalization forms, as of the Unicode version `tokenizers` carries.
enum CanonicalForm: Sendable {
    case d, c, kd, kc

    /// ASCII passes through; so do characters newer than the library's tables (Unicode 11), which it neither decomposes nor reorders.
    func callAsFunction(_ text: [UInt8]) -> [UInt8] {
        guard text.contains(where: { $0 >= 0x80 }) else { return text }
        var result: [UInt8] = []
        result.reserveCapacity(text.count + text.count / 4)
        var start = 0
        var index = 0
        while index < text.count {
            let (scalar, length) = UTF8Text.scalar(in: text[...], at: index)
            if scalar.value >= 0x800, !UnicodeRules.isAssigned(scalar, by: 11), scalar.properties.age != nil {
                result.append(contentsOf: converted(text[start..<index]))
                result.append(contentsOf: text[index..<index + length])
                start = index + length
            }
            index += length
        }
        result.append(contentsOf: converted(text[start...]))
        return result
    }

    private func converted(_ text: ArraySlice<UInt8>) -> [UInt8] {
        if text.isEmpty { return [] }
        let string = String(decoding: text, as: UTF8.self)
        return switch self {
        case .d: Array(string.decomposedStringWithCanonicalMapping.utf8)
        case .c: Array(string.precomposedStringWithCanonicalMapping.utf8)
        case .kd: Array(string.decomposedStringWithCompatibilityMapping.utf8)
        case .kc: Array(string.precomposedStringWithCompatibilityMapping.utf8)
        }
    }
}
