/// Arithmetic that gives the same bits on every machine.
///
/// A picture belongs to its seed, so nothing here calls a mathematical library, whose last bits differ between systems. Sums, products,
/// quotients, square roots and `rounded(.down)` are exactly defined by IEEE 754; Swift neither fuses nor reorders them.
enum Exact {
    /// The sine and cosine of an angle in degrees, by Taylor's series around the nearest quarter turn.
    static func sineAndCosine(degrees: Double) -> (sine: Float, cosine: Float) {
        // Beyond that a turn has no meaning, and its number may not fit.
        let degrees = abs(degrees) < 1e9 ? degrees : 0
        let quarters = (degrees / 90).rounded()
        let angle = (degrees - quarters * 90) * (0x1.921fb54442d18p+1 / 180)
        let square = angle * angle
        // Written out step by step: the type checker is slow on long sums.
        var sine = 1 - square / 110
        sine = 1 - square / 72 * sine
        sine = 1 - square / 42 * sine
        sine = 1 - square / 20 * sine
        sine = angle * (1 - square / 6 * sine)
        var cosine = 1 - square / 90
        cosine = 1 - square / 56 * cosine
        cosine = 1 - square / 30 * cosine
        cosine = 1 - square / 12 * cosine
        cosine = 1 - square / 2 * cosine
        let place = ((Int(quarters) % 4) + 4) % 4
        switch place {
        case 0: return (Float(sine), Float(cosine))
        case 1: return (Float(cosine), Float(-sine))
        case 2: return (Float(-sine), Float(-cosine))
        default: return (Float(-cosine), Float(sine))
        }
    }

    /// What stands in for a sine where only its look matters: -1 to 1, once around for each whole number.
    @inline(__always) static func wave(_ turns: Float) -> Float {
        let place = 2 * (turns - turns.rounded(.down)) - 1
        return 4 * place * (1 - abs(place))
    }

    @inline(__always) static func clamped(_ value: Float) -> Float { min(1, max(0, value)) }

    /// Noise from a place and a seed, each value in 0..<1 as likely as the others.
    @inline(__always) static func noise(_ x: Int32, _ y: Int32, _ seed: UInt32) -> Float {
        var hash = UInt32(bitPattern: x) &* 0x9E37_79B1 ^ UInt32(bitPattern: y) &* 0x85EB_CA77 ^ seed &* 0xC2B2_AE3D
        hash = (hash ^ (hash >> 15)) &* 0x2C1B_3C6D
        hash = (hash ^ (hash >> 12)) &* 0x297A_2D39
        hash ^= hash >> 15
        return Float(hash >> 8) * 0x1p-24
    }
}
