import BlipTensors

/// T5 and FlanT5: the encoder reads soft tokens and words, the decoder writes the answer.
///
/// Source: `T5ForConditionalGeneration` of transformers.
public struct T5: LanguageModel {
    let embedding: Table  // [vocabulary, D]
    let encoder: T5Stack
    let decoder: T5Stack
    let head: Matrix  // [vocabulary, D]
    let config: T5Config
    let shelf = StepShelf()

    init(_ scope: Scope, _ config: T5Config) throws {
        let words = [config.vocabularySize, config.width]
        embedding = try scope.table("shared.weight", words)
        encoder = try T5Stack(scope["encoder"], config, isDecoder: false)
        decoder = try T5Stack(scope["decoder"], config, isDecoder: true)
        // FlanT5 has a head of its own, whatever tie_word_embeddings says; without one in the file it is the embedding.
        let isTied = config.tiesEmbeddings && !scope.has("lm_head.weight")
        head = isTied ? try scope.matrix("shared.weight", words) : try scope.matrix("lm_head.weight", words)
        self.config = config
    }

    public var dtype: DType { embedding.type }
    public var promptPadding: PaddingSide { .right }
    public var startIDs: [Int] { [config.decoderStartID] }
    var device: Device { embedding.device }

    public func embed(_ ids: Tensor) throws -> Tensor { try embedding(ids) }

    public func prefill(_ prompt: Prompt, room: Int) throws -> (logits: Tensor, session: any DecodingSession) {
        let session = try T5Session(self, prompt, capacity: room + 1)
        return (try session.start(), session)
    }

    public func jointSession() -> any JointSession { T5JointSession(self) }

    public func logits(_ prompt: Prompt, observe: LayerObserver?) throws -> Tensor {
        let start = try Tensor.full([prompt.batch, 1], Double(config.decoderStartID), .int64, on: device)
        return try project(decode(start, encode(prompt, observe), observe))
    }

    public func loss(_ prompt: Prompt, _ targets: TokenBatch, recomputing: Bool) throws -> Tensor {
        let encoded = try encode(prompt, recomputing: recomputing)
        // The decoder is given the targets shifted right by one, behind the start id.
        let start = try Tensor.full([targets.batch, 1], Double(config.decoderStartID), .int64, on: targets.ids.device)
        let given = try Tensor.concatenate([start, targets.ids.slice(1, 0..<targets.length - 1)], 1)
        let hidden = try decode(given, encoded, recomputing: recomputing)
        return try crossEntropy(project(hidden), targets)
    }

    /// The decoder's whole pass over ids [B, T].
    private func decode(
        _ ids: Tensor, _ encoded: T5Reading, recomputing: Bool = false, _ observe: LayerObserver? = nil
    ) throws -> Tensor {
        try decoder(
            embed(ids), bias: decoder.bias.causal(ids.size(1), dtype), reading: encoded, recomputing: recomputing, observe: observe)
    }

    /// What the decoder's cross-attention reads: keys and values of each layer, computed once.
    func encode(_ prompt: Prompt, recomputing: Bool = false, _ observe: LayerObserver? = nil) throws -> T5Reading {
        let mask = try prompt.mask.map { try Self.additive($0, dtype) }
        let bias = try encoder.bias.bidirectional(prompt.length, dtype)
        let hidden = try encoder(
            prompt.embeddings, bias: mask.map { try bias + $0 } ?? bias, reading: nil, recomputing: recomputing, observe: observe)
        return T5Reading(layers: try decoder.blocks.map { try $0.crossKeysAndValues(hidden) }, mask: mask)
    }

    func project(_ hidden: Tensor) throws -> Tensor {
        try head(config.scalesDecoderOutput ? hidden * (1 / Double(config.width).squareRoot()) : hidden)
    }

    /// 0 where a token is, the type's lowest number where padding is: [B, K] -> [B, 1, 1, K].
    private static func additive(_ mask: Tensor, _ type: DType) throws -> Tensor {
        let lowest = type == .float16 ? -65504.0 : -3.0e38
        return try Tensor.zeros(mask.shape, type, on: mask.device).filling(mask.not(), with: lowest).reshape([
            mask.size(0), 1, 1, mask.size(1),
        ])
    }
}

/// The encoder's output as the decoder's cross-attention sees it.
struct T5Reading {
    let layers: [(keys: Tensor, values: Tensor)]  // [B, H, N + T, d]
    let mask: Tensor?  // [B, 1, 1, N + T], added to the scores

    /// Its tensors, with as many positions as a multiple of a number, those beyond masked: the mask, then keys and values of each layer.
    func padded(to multiple: Int) throws -> [Tensor] {
        guard let first = layers.first?.keys else { return [] }
        let (rows, length) = (first.size(0), first.size(2))
        let beyond = (length + multiple - 1) / multiple * multiple - length
        func padded(_ x: Tensor) throws -> Tensor {
            try Tensor.concatenate([x, Tensor.zeros([rows, x.size(1), beyond, x.size(3)], x.dtype, on: x.device)], 2)
        }
        let seen = try mask ?? Tensor.zeros([rows, 1, 1, length], first.dtype, on: first.device)
        let hidden = try Tensor.full([rows, 1, 1, beyond], -Double.infinity, seen.dtype, on: seen.device)
        return try [Tensor.concatenate([seen, hidden], 3)] + layers.flatMap { [try padded($0.keys), try padded($0.values)] }
    }

    /// The inverse.
    init(_ tensors: [Tensor]) {
        mask = tensors.first
        layers = stride(from: 1, to: tensors.count - 1, by: 2).map { (keys: tensors[$0], values: tensors[$0 + 1]) }
    }

    init(layers: [(keys: Tensor, values: Tensor)], mask: Tensor?) { (self.layers, self.mask) = (layers, mask) }
}

/// The same for one layer.
struct T5LayerReading: CrossReading {
    let keys: Tensor  // [B, H, N + T, d]
    let values: Tensor  // [B, H, N + T, d]
    let mask: Tensor?

    func attend(_ queries: Tensor, headSize: Int) throws -> Tensor {
        try queries.splitHeads(queries.size(2) / headSize).attention(keys, values, mask: mask, scale: 1).joinHeads()
    }
}
