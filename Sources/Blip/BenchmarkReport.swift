import BlipModels
import BlipTensors

/// What a ``Benchmark`` measured: medians over its rounds.
public struct BenchmarkReport: Sendable {
    /// Seconds of one answer's stages, and what its products with weights took.
    struct Round: Sendable {
        var image = 0.0
        var vision = 0.0
        var visionOperations = 0.0
        var qformer = 0.0
        var prefill = 0.0
        var prefillOperations = 0.0
        var decode = 0.0
        var decodeBytes = 0.0
        /// Seconds of the decoding in products with weights.
        var decodeProducts = 0.0
        /// Bytes per second that memory gave right before and behind it, the better of the two: on a shared machine the rate changes within a minute.
        var reading = 0.0
    }

    /// What the machine is capable of, measured in the same run: 8-bit operations and those of the type computed in, per second.
    struct Limits: Sendable {
        let integers: Double
        let floats: Double
    }

    let options: Benchmark.Options
    public let dtype: DType
    /// Seconds.
    public let load: Double
    let rounds: [Round]
    public let weightBytes: Int
    /// Whether the large matrices are packed, and their products those of 8-bit integers.
    public let isPacked: (vision: Bool, language: Bool)
    let limits: Limits
    public let prefillTokens: Int
    /// Bytes, of the process until all answers were there.
    public let peakMemory: Int

    public var image: Double { median(\.image) }
    public var vision: Double { median(\.vision) }
    public var qformer: Double { median(\.qformer) }
    public var prefill: Double { median(\.prefill) }
    public var timeToFirstToken: Double { median { $0.image + $0.vision + $0.qformer + $0.prefill } }

    /// Of all rows together; with beams, of the answer.
    public var decodeTokensPerSecond: Double { Double((options.newTokens - 1) * options.batch) / median(\.decode) }
    /// Bytes of weights per second.
    public var decodeBytesPerSecond: Double { median { $0.decodeBytes / $0.decode } }
    public var memoryLimit: Double { median(\.reading) }
    /// The part of its round's memory rate that decoding reaches.
    public var decodeMemoryShare: Double { median { $0.decodeBytes / $0.decode / $0.reading } }
    /// The part of a token's time that is not spent in products with weights.
    public var decodeShareOutsideProducts: Double { median { 1 - $0.decodeProducts / $0.decode } }
    /// Operations per second.
    public var visionRate: Double { median { $0.visionOperations / $0.vision } }
    public var prefillRate: Double { median { $0.prefillOperations / $0.prefill } }
    public var integerLimit: Double { limits.integers }
    public var floatLimit: Double { limits.floats }

    /// The lowest and highest of a figure over the rounds.
    public var decodeRange: ClosedRange<Double> {
        let rates = rounds.map { Double((options.newTokens - 1) * options.batch) / $0.decode }
        return (rates.min() ?? 0)...(rates.max() ?? 0)
    }

    private func median(_ value: (Round) -> Double) -> Double {
        let values = rounds.map(value).sorted()
        guard !values.isEmpty else { return 0 }
        let middle = values.count / 2
        return values.count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2
    }
}
