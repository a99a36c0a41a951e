/// Named ways of decoding.
public enum DecodingPreset: String, Sendable, CaseIterable {
    /// The published model's own defaults. Source: LAVIS, `generate` of the instruct models; the model cards.
    case instructblip
    /// Short answers. Source: LAVIS, `predict_answers`, whose length penalty is -1 for T5 and 0 for LLaMA and which inherits the
    /// repetition penalty.
    case vqa
    /// One sentence. Source: LAVIS, the captioning task, whose repetition penalty is 1.15 and length penalty 0.
    case caption
    /// The likeliest token each time, and nothing penalised. Ours, for scenes: a list of things rightly repeats words, and a number its digits.
    case greedy
    /// One sentence about a scene: as ``greedy``, with as little penalty on repetition as keeps a small model from going round in circles. Ours; of 1, 1.2
    /// and 1.5 it gave the best captions on the sets' validation splits.
    case sceneCaption = "scene-caption"

    public func options(isEncoderDecoder: Bool) -> DecodingOptions {
        var options = DecodingOptions(maximumTokens: 256)
        options.beams = 5
        switch self {
        case .instructblip:
            options.minimumTokens = 1
            options.repetitionPenalty = 1.5
        case .vqa:
            options.maximumTokens = 10
            options.minimumTokens = 1
            options.repetitionPenalty = 1.5
            options.lengthPenalty = isEncoderDecoder ? -1 : 0
        case .caption:
            options.maximumTokens = 30
            options.minimumTokens = 1
            options.repetitionPenalty = 1.15
            options.lengthPenalty = 0
        case .greedy: options.beams = 1
        case .sceneCaption:
            options.beams = 1
            options.repetitionPenalty = 1.2
        }
        return options
    }
}
