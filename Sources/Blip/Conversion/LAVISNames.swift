/// Which network a LAVIS file is of: the names of the Q-Former's embeddings depend on it.
public enum LAVISLayout: String, Sendable, CaseIterable {
    /// `instruct_blip_*_trimmed.pth`
    case instructBLIP
    /// `blip2_pretrained_opt*.pth`, `blip2_pretrained_flant5*.pth`: stage 2, a Q-Former without text
    case blip2
    /// `blip2_pretrained.pth`: stage 1, image-text matching
    case retrieval
}

/// What becomes of a tensor of a LAVIS file.
public enum LAVISTranslation: Sendable, Equatable {
    /// It has this name in the Hugging Face layout.
    case renamed(String)
    /// It is the first third of this bias; the second, of the keys, is zero.
    case queryBias(of: String)
    /// It is the last third.
    case valueBias(of: String)
    /// The checkpoint does not need it.
    case dropped(reason: String)
}

/// The one table from LAVIS names to Hugging Face names. It is total: what it does not know is an error, never skipped.
///
/// In a pattern `#` stands for a number, `*` for `weight` or `bias`, `a|b` for either, and `**` for everything that follows; the same
/// signs in the translation take what was found, in order. Source: LAVIS `lavis/models/blip2_models`, transformers
/// `convert_instructblip_original_to_pytorch.py` and `convert_blip_2_original_to_pytorch.py`.
public enum LAVISNames {
    /// - Returns: nil for a name that no file of this layout has.
    public static func translate(_ name: String, _ layout: LAVISLayout) -> LAVISTranslation? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let own =
            switch layout {
            case .instructBLIP: instructBLIP
            case .blip2: blip2
            case .retrieval: retrieval
            }
        return (own + qformer + vision + shared).firstNonNil { $0.translation(of: parts) }
    }

    /// A name of `eva_vit_g.pth`, which holds the image encoder alone, without a prefix.
    ///
    /// - Parameter blockCount: how many blocks the model has: the file has one more, whose output nobody uses.
    public static func translateEVA(_ name: String, blockCount: Int) -> LAVISTranslation? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        if let dropped = evaOnly.firstNonNil({ $0.translation(of: parts) }) { return dropped }
        let translation = vision.firstNonNil { $0.translation(of: ["visual_encoder"] + parts) }
        if translation != nil, parts.first == "blocks", let block = Int(parts[1]), block >= blockCount {
            return .dropped(reason: "a block after the last one used")
        }
        return translation
    }

    private static let vision: [Row] = [
        Row("visual_encoder.cls_token", "vision_model.embeddings.class_embedding"),
        Row("visual_encoder.pos_embed", "vision_model.embeddings.position_embedding"),
        Row("visual_encoder.patch_embed.proj.*", "vision_model.embeddings.patch_embedding.*"),
        Row("visual_encoder.blocks.#.norm1.*", "vision_model.encoder.layers.#.layer_norm1.*"),
        Row("visual_encoder.blocks.#.norm2.*", "vision_model.encoder.layers.#.layer_norm2.*"),
        Row("visual_encoder.blocks.#.attn.qkv.weight", "vision_model.encoder.layers.#.self_attn.qkv.weight"),
        Row("visual_encoder.blocks.#.attn.q_bias", "vision_model.encoder.layers.#.self_attn.qkv.bias", .query),
        Row("visual_encoder.blocks.#.attn.v_bias", "vision_model.encoder.layers.#.self_attn.qkv.bias", .value),
        Row("visual_encoder.blocks.#.attn.proj.*", "vision_model.encoder.layers.#.self_attn.projection.*"),
        Row("visual_encoder.blocks.#.mlp.fc1|fc2.*", "vision_model.encoder.layers.#.mlp.|.*"),
        Row("ln_vision.*", "vision_model.post_layernorm.*"),
    ]

    private static let evaOnly: [Row] = [
        Row("norm|fc_norm.*", dropped: "the norm after the last block, which is not used"),
        Row("head.*", dropped: "the classifier's head"),
    ]

    private static let qformer: [Row] = [
        Row("query_tokens", "query_tokens"),
        Row("Qformer.bert.encoder.layer.#.attention|crossattention.self.query|key|value.*", "qformer.encoder.layer.#.|.attention.|.*"),
        Row("Qformer.bert.encoder.layer.#.attention|crossattention.output.dense|LayerNorm.*", "qformer.encoder.layer.#.|.output.|.*"),
        Row("Qformer.bert.encoder.layer.#.intermediate_query.dense.*", "qformer.encoder.layer.#.intermediate_query.dense.*"),
        Row("Qformer.bert.encoder.layer.#.output_query.dense|LayerNorm.*", "qformer.encoder.layer.#.output_query.|.*"),
        Row("Qformer.bert.embeddings.position_ids", dropped: "a counter"),
    ]

    private static let textBranch: [Row] = [
        Row("Qformer.bert.encoder.layer.#.intermediate.dense.*", "qformer.encoder.layer.#.intermediate.dense.*"),
        Row("Qformer.bert.encoder.layer.#.output.dense|LayerNorm.*", "qformer.encoder.layer.#.output.|.*"),
    ]

    /// The language models keep the names of transformers behind LAVIS's name for them.
    private static let shared: [Row] = [
        Row("llm_proj|t5_proj|opt_proj.*", discarding: 1, "language_projection.*"),
        Row("llm_model.model.layers.#.self_attn.rotary_emb.inv_freq", dropped: "a table that is computed"),
        Row("llm_model|t5_model|opt_model.**", discarding: 1, "language_model.**"),
    ]

    private static let instructBLIP: [Row] =
        textBranch + [
            Row("Qformer.bert.embeddings.LayerNorm.*", "qformer.embeddings.layernorm.*"),
            Row("Qformer.bert.embeddings.word_embeddings|position_embeddings.weight", "qformer.embeddings.|.weight"),
        ]

    private static let blip2: [Row] = [Row("Qformer.bert.embeddings.LayerNorm.*", "qformer.layernorm.*")]

    private static let retrieval: [Row] =
        textBranch + [
            Row("Qformer.bert.embeddings.LayerNorm.*", "qformer.layernorm.*"),
            Row("Qformer.bert.embeddings.word_embeddings|position_embeddings.weight", "embeddings.|.weight"),
            Row("vision_proj.*", "vision_projection.*"),
            Row("text_proj.*", "text_projection.*"),
            Row("itm_head.*", "itm_head.*"),
            Row("temp", dropped: "the temperature of contrastive training"),
            Row("Qformer.cls.**", dropped: "the word predictor of stage 1"),
        ]
}

/// One line of the table.
private struct Row: Sendable {
    enum Third { case query, value }

    let pattern: [Substring]
    let target: [Substring]
    let third: Third?
    let discarded: Int
    let reason: String?

    init(_ pattern: String, discarding discarded: Int = 0, _ target: String, _ third: Third? = nil) {
        self.pattern = pattern.split(separator: ".")
        self.target = target.split(separator: ".")
        self.third = third
        self.discarded = discarded
        reason = nil
    }

    init(_ pattern: String, dropped reason: String) {
        self.pattern = pattern.split(separator: ".")
        target = []
        third = nil
        discarded = 0
        self.reason = reason
    }

    func translation(of parts: [Substring]) -> LAVISTranslation? {
        guard var found = match(parts)?.dropFirst(discarded) else { return nil }
        if let reason { return .dropped(reason: reason) }
        let name = target.map { part in ["#", "*", "|", "**"].contains(part) ? found.popFirst() ?? "" : part }.joined(separator: ".")
        switch third {
        case nil: return .renamed(name)
        case .query: return .queryBias(of: name)
        case .value: return .valueBias(of: name)
        }
    }

    /// What the signs of the pattern stand for; nil where it does not fit.
    private func match(_ parts: [Substring]) -> [Substring]? {
        var found: [Substring] = []
        for (place, part) in pattern.enumerated() {
            guard place < parts.count, !parts[place].isEmpty else { return nil }
            let given = parts[place]
            switch part {
            case "**": return found + [Substring(parts[place...].joined(separator: "."))]
            case "#":
                // "07" and "+7" are not how any program writes 7.
                guard let number = Int(given), number >= 0, String(number) == given else { return nil }
                found.append(given)
            case "*":
                guard given == "weight" || given == "bias" else { return nil }
                found.append(given)
            default:
                let options = part.split(separator: "|")
                guard options.contains(given) else { return nil }
                if options.count > 1 { found.append(given) }
            }
        }
        return parts.count == pattern.count ? found : nil
    }
}

extension Sequence {
    fileprivate func firstNonNil<Result>(_ transform: (Element) -> Result?) -> Result? {
        for element in self { if let result = transform(element) { return result } }
        return nil
    }
}
