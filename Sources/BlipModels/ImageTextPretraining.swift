import BlipTensors

/// The first stage of BLIP-2's training: the Q-Former learns from pictures and their captions, without a language model, what of a picture a
/// text can say.
///
/// Three losses over one network. Contrast: a picture and a text, each read alone, are more alike than either is to others. Matching: read
/// together, they are told from a pair that does not belong together. Captioning: the text is written word by word behind what the queries
/// found. Source: BLIP-2 (Li et al., 2023), section 3.1; `blip2_qformer.py` of LAVIS.
///
/// The numbers behind words, and the temperature of the contrast, are no part of a checkpoint's published layout: see ``PretrainingWeights``.
public struct ImageTextPretraining {
    public let network: ImageTextRetrieval
    let predictor: WordPredictor
    /// What similarities are divided by: one number.
    public let temperature: Tensor

    public init(_ scope: Scope, _ config: InstructBLIPConfig) throws {
        network = try ImageTextRetrieval(scope, config)
        predictor = try WordPredictor(scope["cls"]["predictions"], config.qformer)
        temperature = try scope.tensor("temp", [])
    }

    /// Pictures that the queries have read alone.
    public struct Pictures {
        public let look: Look
        /// Unit vectors [B, N, E], one for each query.
        public let features: Tensor
        let memory: QueryMemory
    }

    public func read(_ look: Look, dropout: Dropout? = nil) throws -> Pictures {
        let (found, memory) = try network.qformer.look(network.queryTokens, reading: look.reading, dropout: dropout)
        return Pictures(look: look, features: try network.pictures(found), memory: memory)
    }

    /// Texts `[CLS] ... [SEP]`, right-padded, read alone: unit vectors [B, E].
    public func read(_ texts: TokenBatch, dropout: Dropout? = nil) throws -> Tensor {
        try network.words(network.qformer.read(text: texts, dropout: dropout))
    }

    // MARK: The losses

    /// How alike B pictures and texts and all A of them are, and what that costs.
    public struct Contrast {
        public let loss: Tensor
        /// Each picture with all texts, each text with all pictures, divided by the temperature: [B, A].
        public let pictureToText: Tensor
        public let textToPicture: Tensor
    }

    /// The mean cross entropy of finding each picture's text among all, and each text's picture.
    ///
    /// Gradients flow to `pictures` and `texts` as those who search, not to what is searched: all are given as numbers, the own ones too, as the
    /// reference gathers them. So a step is the same however many processes share it.
    ///
    /// - Parameters:
    ///   - pictures: [B, N, E], and `texts` [B, E].
    ///   - all: those of all processes: [A, N, E] and [A, E].
    ///   - first: the place of the own ones among all.
    ///   - smoothing: of labels, 0.1 in the reference.
    public func contrast(
        _ pictures: Tensor, _ texts: Tensor, among all: (pictures: Tensor, texts: Tensor), first: Int, smoothing: Double
    ) throws -> Contrast {
        let found = try ImageTextRetrieval.similarity(pictures.to(.float32), all.texts.detach().to(.float32)) / temperature
        let seen = try ImageTextRetrieval.similarity(all.pictures.detach().to(.float32), texts.to(.float32)).transpose(0, 1) / temperature
        let own = try Tensor.range(first, first + pictures.size(0), on: pictures.device)
        let loss = try (found.crossEntropy(own, smoothing: smoothing) + seen.crossEntropy(own, smoothing: smoothing)) / 2
        return Contrast(loss: loss, pictureToText: found, textToPicture: seen)
    }

    /// The mean cross entropy of telling B pairs from those that do not belong together: each text with another picture, each picture with another
    /// text.
    ///
    /// - Parameters:
    ///   - pictures: B of them.
    ///   - others: for each text a picture that is not its own.
    ///   - texts: the texts, the texts again, and for each picture one that is not its own: [3B, T].
    public func matching(_ pictures: Look, others: Look, _ texts: TokenBatch, dropout: Dropout? = nil) throws -> Tensor {
        let reading = try ImageReading(joining: [pictures.reading, others.reading, pictures.reading])
        let logits = try network.matching(reading, texts, dropout: dropout).to(.float32)  // [3B, 2]
        let count = pictures.count
        let labels = try Tensor.of((0..<3 * count).map { $0 < count ? 1 : 0 }).to(logits.device)
        return try logits.crossEntropy(labels)
    }

    /// The mean cross entropy of the words of captions, each from what the queries found and the words before it.
    ///
    /// - Parameters:
    ///   - captions: `[DEC] ... [SEP]`, right-padded, one for each picture; its first id is given, not learned.
    ///   - smoothing: of labels, 0.1 in the reference.
    public func captioning(_ pictures: Pictures, _ captions: TokenBatch, smoothing: Double, dropout: Dropout? = nil) throws -> Tensor {
        let (length, qformer) = (captions.length, network.qformer)
        guard let words = qformer.text?.words, length > 1 else {
            throw TensorError.operation(name: "captioning", shapes: ["\(captions.ids.shape)"], reason: "there is no word to learn")
        }
        let hidden = try qformer.write(captions, after: pictures.memory, dropout: dropout).slice(1, 0..<length - 1)
        let logits = try predictor(hidden, words: words).to(.float32)
        let padded = try captions.mask.map { try captions.ids.filling($0.not(), with: Double(Tensor.ignoredTarget)) } ?? captions.ids
        let targets = try padded.slice(1, 1..<length).reshape([-1])
        return try logits.reshape([-1, logits.size(2)]).crossEntropy(targets, smoothing: smoothing)
    }
}
