import ArgumentParser
import Blip
import BlipDecoding

/// How tokens are chosen.
struct DecodingArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A named set of options: instructblip (5 beams, 256 tokens, repetition penalty 1.5), vqa (5 beams, 10 tokens, length penalty -1 for T5 and 0 for LLaMA), caption (5 beams, 30 tokens), greedy (the likeliest of 256 tokens each time), scene-caption (the same with repetition penalty 1.2). Options given beside it win.",
            valueName: "name"))
    var preset: DecodingPreset?

    @Option(
        name: [.customLong("max-tokens"), .customLong("max-new-tokens")],
        help: ArgumentHelp("New tokens at most (default: 256).", valueName: "n"))
    var maxTokens: Int?

    @Option(help: ArgumentHelp("New tokens at least (default: 0).", valueName: "n"))
    var minTokens: Int?

    @Option(help: ArgumentHelp("Beams; 1 takes the likeliest token or draws (default: 1).", valueName: "n"))
    var numBeams: Int?

    @Option(help: ArgumentHelp("A finished beam's score is divided by length to this power (default: 1).", valueName: "x"))
    var lengthPenalty: Double?

    @Option(help: "When beam search ends: true, false or never (default: false).")
    var earlyStopping: DecodingOptions.EarlyStopping?

    @Option(help: ArgumentHelp("Above 1 makes tokens said before less likely (default: 1).", valueName: "x"))
    var repetitionPenalty: Double?

    @Flag(help: "Count the prompt's tokens as said before, as new transformers does.")
    var penalizePrompt = false

    @Option(help: ArgumentHelp("No run of this many tokens comes twice (default: 0, no rule).", valueName: "n"))
    var noRepeatNgram: Int?

    @Option(
        name: [.customLong("temperature"), .customLong("temp")],
        help: ArgumentHelp("Draw tokens; above 1 more evenly, below 1 less; 0 takes the likeliest.", valueName: "x"))
    var temperature: Double?

    @Option(help: ArgumentHelp("Draw among the likeliest n.", valueName: "n"))
    var topK: Int?

    @Option(help: ArgumentHelp("Draw among the likeliest that together reach this probability.", valueName: "x"))
    var topP: Double?

    @Option(help: ArgumentHelp("Draw among tokens at least this share as likely as the likeliest.", valueName: "x"))
    var minP: Double?

    @Option(help: ArgumentHelp("The seed of what is drawn (default: 0).", valueName: "n"))
    var seed: UInt64?

    @Option(name: .customLong("n"), help: ArgumentHelp("Answers to return (default: 1).", valueName: "n"))
    var count: Int?

    @Option(help: ArgumentHelp("A text that ends the answer; may be given several times.", valueName: "text"))
    var stop: [String] = []

    @Flag(help: "Stop at the config's end ids alone, as transformers does (published Vicuna files then run on to the limit).")
    var stopLikeTransformers = false

    func validate() throws {
        // What does not depend on the checkpoint is checked before one is opened.
        do { try options(isEncoderDecoder: true).decoding.validate() } catch { throw ValidationError("\(error)") }
    }

    /// - Parameters:
    ///   - isEncoderDecoder: presets differ by family.
    ///   - usual: the verb's own preset, where none is given.
    func options(isEncoderDecoder: Bool, usual: DecodingPreset? = nil) -> AnswerOptions {
        var decoding = (preset ?? usual)?.options(isEncoderDecoder: isEncoderDecoder) ?? DecodingOptions(maximumTokens: 256)
        decoding.maximumTokens = maxTokens ?? decoding.maximumTokens
        decoding.minimumTokens = minTokens ?? decoding.minimumTokens
        decoding.beams = numBeams ?? decoding.beams
        decoding.lengthPenalty = lengthPenalty ?? decoding.lengthPenalty
        decoding.earlyStopping = earlyStopping ?? decoding.earlyStopping
        decoding.repetitionPenalty = repetitionPenalty ?? decoding.repetitionPenalty
        decoding.penalizesPrompt = penalizePrompt
        decoding.noRepeatNGram = noRepeatNgram ?? decoding.noRepeatNGram
        decoding.returned = count ?? decoding.returned
        // Any option of drawing asks for drawing; a temperature of 0 asks for the likeliest token, as elsewhere.
        let draws = temperature != nil || topK != nil || topP != nil || minP != nil || seed != nil
        if draws, temperature != 0 {
            decoding.sampling = .init(temperature: temperature ?? 1, topK: topK, topP: topP, minP: minP, seed: seed ?? 0)
        }
        return AnswerOptions(decoding: decoding, stop: stopLikeTransformers ? .configOnly : .configAndTokenizer, stopStrings: stop)
    }

    /// What was given, by name, for whoever writes down how something was computed.
    var given: [String: String] {
        var given: [String: String] = [:]
        given["preset"] = preset?.rawValue
        for (name, number) in [
            ("max_tokens", maxTokens), ("min_tokens", minTokens), ("num_beams", numBeams), ("no_repeat_ngram", noRepeatNgram),
            ("top_k", topK),
        ] { given[name] = number.map { "\($0)" } }
        for (name, number) in [
            ("length_penalty", lengthPenalty), ("repetition_penalty", repetitionPenalty), ("temperature", temperature), ("top_p", topP),
            ("min_p", minP),
        ] { given[name] = number.map { "\($0)" } }
        given["early_stopping"] = earlyStopping?.rawValue
        given["seed"] = seed.map { "\($0)" }
        if penalizePrompt { given["penalize_prompt"] = "true" }
        if stopLikeTransformers { given["stop_like_transformers"] = "true" }
        if !stop.isEmpty { given["stop"] = stop.joined(separator: " | ") }
        return given
    }
}

extension DecodingPreset: ExpressibleByArgument {}
extension DecodingOptions.EarlyStopping: ExpressibleByArgument {}
