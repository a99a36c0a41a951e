import BlipModels
import BlipTensors

/// How the weights of a new checkpoint begin.
public enum WeightStart: String, Sendable, CaseIterable {
    /// All small and random: any size is computed without overflow.
    case small
    /// As models begin that are trained from nothing.
    case trainable
}

/// Weights that a network learns from when it is trained from nothing.
///
/// Matrices keep the size of what goes through them; T5's attention, which does not scale its products, begins with queries so much smaller.
/// A language model begins with what answering about a description comes down to, so that only the rest has to be found: in half of its heads keys
/// are queries, so that places look first at places that hold the same; those heads give on what they find as it is; and the output head knows
/// each word by its embedding. T5's encoder looks elsewhere than at itself in them, and begins with what is near in the others. Source of keys that are
/// queries: Trockman and Kolter, "Mimetic initialization of self-attention layers", ICML 2023.
struct TrainableStart {
    private let isT5: Bool
    /// Whether every head has keys and values of its own.
    private let ownsValues: Bool
    private let heads: Int
    private let headSize: Int
    private let seed: UInt64

    init(_ language: LanguageConfig, seed: UInt64) {
        self.seed = seed
        switch language {
        case .t5(let config): (isT5, ownsValues, heads, headSize) = (true, true, config.headCount, config.headSize)
        case .llama(let config):
            (isT5, heads, headSize) = (false, config.headCount, config.headSize)
            ownsValues = config.keyValueHeadCount == config.headCount
        case .opt(let config):
            (isT5, ownsValues, heads, headSize) = (false, true, config.headCount, config.hiddenSize / max(1, config.headCount))
        }
    }

    func values(_ name: String, _ shape: [Int]) throws -> Tensor {
        if name.hasSuffix(".bias") { return try Tensor.zeros(shape) }
        guard shape.count > 1 else {
            return try name.contains("class_embedding") ? normal(name, shape, Self.positions) : Tensor.ones(shape)
        }
        guard name.hasPrefix("language_model.") else { return try normal(name, shape, other(name, shape)) }
        let (rows, columns) = (shape[0], Double(shape[1]))
        if name.hasSuffix("shared.weight") || name.hasSuffix("embed_tokens.weight") { return try normal(name, shape, Self.embeddings) }
        let fan = 1 / columns.squareRoot()
        if name.hasSuffix("lm_head.weight") {
            let table = isT5 ? "language_model.shared.weight" : "language_model.model.embed_tokens.weight"
            return try normal(table, shape, Self.embeddings * Self.readout)
        }
        if name.contains("relative_attention_bias") { return try distances(name, shape) }
        if let copied = try copying(name, shape, fan) { return copied }
        if Self.is(name, "o", "out_proj", "wo", "down_proj", "o_proj", "fc2") { return try normal(name, shape, fan / 2) }
        // T5 learns with products that are not divided by the root of a head's size.
        let matched = isT5 ? fan * 1.5 / Double(headSize).squareRoot().squareRoot() : fan * 1.5
        // Rows of the heads in which keys are queries.
        let shared = rows / 2 / max(1, headSize) * headSize
        // The others of a T5's first layer go by what is near alone. Where their products weigh more than the biases, they settle on single words before
        // the order of words has taught them anything, and stay there.
        let isNear = isT5 && name.hasPrefix("language_model.encoder.block.0.") && rows == heads * headSize && heads > 1
        let other = isNear ? Self.faint : matched
        if Self.is(name, "q", "q_proj") {
            let queries = try normal(name, shape, matched)
            guard isNear else { return queries }
            return try Tensor.concatenate([queries.slice(0, 0..<shared), queries.slice(0, shared..<rows) * (other / matched)], 0)
        }
        if Self.is(name, "k", "k_proj") {
            let own = try normal(name, shape, other)
            guard shared > 0, rows == heads * headSize else { return own }
            let queries = try normal(Self.queries(name), shape, matched)
            return try Tensor.concatenate([queries.slice(0, 0..<shared), own.slice(0, shared..<rows)], 0)
        }
        return try normal(name, shape, fan)
    }

    /// Buckets by heads. Heads that look for the same do not look at themselves; of the others, one half begins with the words before, the other with
    /// those behind. With none that do, a text is read as if its words had no order, and that they have one is hardly found.
    private func distances(_ name: String, _ shape: [Int]) throws -> Tensor {
        let all = try normal(name, shape, 0.05)
        guard name.contains(".encoder."), heads > 1, shape == [shape[0], heads] else { return all }
        var start = [[Float]](repeating: [Float](repeating: 0, count: heads), count: shape[0])
        // Behind a query is the second half of the buckets; distances up to a few tokens have one each.
        let behind = shape[0] / 2
        for head in 0..<heads {
            if head < heads / 2 {
                start[0][head] = Self.selfBias
                continue
            }
            let first = (head - heads / 2).isMultiple(of: 2) ? 0 : behind
            for (place, bias) in Self.nearBiases.enumerated() where first + place + 1 < min(shape[0], first + behind / 2) {
                start[first + place + 1][head] = bias
            }
        }
        return try Tensor.of(start.flatMap { $0 }, shape) + all
    }

    /// An output matrix whose first half of columns gives on what the values' first half of rows took; nil for others.
    private func copying(_ name: String, _ shape: [Int], _ fan: Double) throws -> Tensor? {
        let isLLaMA = name.hasSuffix(".self_attn.o_proj.weight")
        let isReading = isT5 && name.hasSuffix(".o.weight") && (name.contains(".encoder.") || name.contains("EncDecAttention"))
        guard isLLaMA || isReading, ownsValues, shape[1] == heads * headSize, heads > 1 else { return nil }
        let taken = heads / 2 * headSize
        let source = isLLaMA ? name.dropLast("o_proj.weight".count) + "v_proj.weight" : name.dropLast("o.weight".count) + "v.weight"
        let values = try normal(String(source), [shape[1], shape[0]], 1 / Double(shape[0]).squareRoot())
        let given = try values.slice(0, 0..<taken).transpose(0, 1) * Self.copied
        return try Tensor.concatenate([given, normal(name, shape, fan / 2).slice(1, taken..<shape[1])], 1)
    }

    /// Image encoder, Q-Former and projection.
    private func other(_ name: String, _ shape: [Int]) -> Double {
        if name.contains("position_embedding") || name.contains("query_tokens") || name.contains("embedding") && !name.contains("patch") {
            return Self.positions
        }
        let fan = shape.dropFirst().reduce(1, *)
        return min(0.05, 0.5 / Double(max(1, fan)).squareRoot())
    }

    private static let positions = 0.02
    private static let embeddings = 0.5
    private static let readout = 0.15
    private static let copied = 0.7
    private static let faint = 0.02
    private static let selfBias: Float = -8
    /// Of the nearest token, the next one, ...
    private static let nearBiases: [Float] = [4, 3, 2, 1]

    private static func `is`(_ name: String, _ layers: String...) -> Bool { layers.contains { name.hasSuffix(".\($0).weight") } }

    private static func queries(_ name: String) -> String {
        name.hasSuffix(".k.weight") ? name.dropLast("k.weight".count) + "q.weight" : name.dropLast("k_proj.weight".count) + "q_proj.weight"
    }

    /// The same numbers for a name wherever they are asked for.
    private func normal(_ name: String, _ shape: [Int], _ deviation: Double) throws -> Tensor {
        let key = name.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return try RandomStream(seed: seed &* 0x9E37_79B9_7F4A_7C15 ^ key).normal(shape) * deviation
    }
}
