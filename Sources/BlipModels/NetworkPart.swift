/// The parts of the network that are trained or frozen as a whole.
public enum NetworkPart: String, Sendable, Hashable, CaseIterable {
    case visionEncoder = "vision_encoder"
    case visionNorm = "vision_norm"
    case queries
    case qformer
    case projection
    case languageModel = "language_model"
    /// What a BLIP-2 for retrieval has behind its Q-Former, and what its training adds: see ``ImageTextPretraining``.
    case heads

    /// What instruction tuning trains; the rest is frozen. Source: InstructBLIP, section 2.6 and the published weights.
    public static let instructionTuned: Set<NetworkPart> = [.visionNorm, .queries, .qformer, .projection]

    /// What is trained where nothing else is said: that, and what BLIP-2's first stage trains besides, of which other checkpoints have nothing.
    /// Source: BLIP-2, section 3.1.
    public static let trainedByDefault = instructionTuned.union([.heads])

    /// The part that a tensor of a checkpoint belongs to.
    public init(of name: String) {
        let places: [(String, NetworkPart)] = [
            ("vision_model.post_layernorm.", .visionNorm), ("vision_model.", .visionEncoder), ("qformer.", .qformer),
            ("language_projection.", .projection), ("language_model.", .languageModel),
            // A BLIP-2 for retrieval has its word embeddings beside the Q-Former.
            ("embeddings.", .qformer), ("vision_projection.", .heads), ("text_projection.", .heads), ("itm_head.", .heads),
            ("cls.", .heads), ("temp", .heads),
        ]
        self = places.first { name.hasPrefix($0.0) }?.1 ?? .queries
    }
}
