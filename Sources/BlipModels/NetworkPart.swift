/// The parts of the network that are trained or frozen as a whole.
public enum NetworkPart: String, Sendable, Hashable, CaseIterable {
    case visionEncoder = "vision_encoder"
    case visionNorm = "vision_norm"
    case queries
    case qformer
    case projection
    case languageModel = "language_model"

    /// What instruction tuning trains; the rest is frozen. Source: InstructBLIP, section 2.6 and the published weights.
    public static let instructionTuned: Set<NetworkPart> = [.visionNorm, .queries, .qformer, .projection]

    /// The part that a tensor of a checkpoint belongs to.
    public init(of name: String) {
        let places: [(String, NetworkPart)] = [
            ("vision_model.post_layernorm.", .visionNorm), ("vision_model.", .visionEncoder), ("qformer.", .qformer),
            ("language_projection.", .projection), ("language_model.", .languageModel),
        ]
        self = places.first { name.hasPrefix($0.0) }?.1 ?? .queries
    }
}
