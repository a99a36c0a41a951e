extension JSONParser {
    /// Powers of ten that a Double holds exactly.
    private static let exactPowers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    /// Digits that always fit 64 bits without a sign.
    private static let exactDigits = 19

    mutating func number() throws(JSONError) -> JSONValue {
        let start = place
        let isNegative = take("-")
        var digits = Digits()
        if take("0") { digits.count = 1 } else { try read(&digits) }
        let wholeCount = digits.count
        var isInteger = true
        if take(".") {
            isInteger = false
            try read(&digits)
        }
        let fractionCount = digits.count - wholeCount
        var exponent: Int? = 0
        if take("e") || take("E") {
            isInteger = false
            let isSmall = !take("+") && take("-")
            var power = Digits()
            try read(&power)
            exponent = power.count < 10 ? (isSmall ? -Int(power.value) : Int(power.value)) : nil
        }
        let isExact = digits.count <= Self.exactDigits
        if isInteger {
            if isExact, let value = Self.integer(digits.value, isNegative: isNegative) { return .integer(value) }
        } else if isExact, let exponent, let value = Self.number(digits.value, exponent: exponent - fractionCount) {
            return .number(isNegative ? -value : value)
        }
        // Strings that long are rare, and the library rounds them right.
        guard let value = Double(String(decoding: bytes[start..<place], as: UTF8.self)) else { throw unexpected("a number") }
        return .number(value)
    }

    private struct Digits {
        /// Wrong as soon as there are more than ``exactDigits``.
        var value: UInt64 = 0
        var count = 0
    }

    private mutating func read(_ digits: inout Digits) throws(JSONError) {
        let start = place
        while place < count {
            let digit = bytes[place] &- UInt8(ascii: "0")
            if digit > 9 { break }
            digits.value = digits.value &* 10 &+ UInt64(digit)
            place += 1
        }
        if place == start { throw unexpected("a digit") }
        digits.count += place - start
    }

    private static func integer(_ magnitude: UInt64, isNegative: Bool) -> Int? {
        if isNegative { return magnitude <= Int.min.magnitude ? Int(truncatingIfNeeded: 0 &- magnitude) : nil }
        return Int(exactly: magnitude)
    }

    /// `value * 10^exponent` where both factors are exact and one operation therefore rounds right (W. D. Clinger 1990); nil elsewhere.
    private static func number(_ value: UInt64, exponent: Int) -> Double? {
        guard value <= 1 << 53, exponent.magnitude < exactPowers.count else { return nil }
        return exponent < 0 ? Double(value) / exactPowers[-exponent] : Double(value) * exactPowers[exponent]
    }
}
