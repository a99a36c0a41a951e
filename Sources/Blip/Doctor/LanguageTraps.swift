import BlipJSON
import BlipModels
import BlipTensors
import BlipTokenizers

extension DoctorCheck {
    /// What is known to go wrong with the language models of this family.
    static let languageTraps: [DoctorCheck] = [
        activation, head, decoderStart, half, wideOutputs, vicunaBeginning, vicunaEnd, vicunaVersion, pad, prefix, lineBreak,
        captionBeginning,
        generationConfig,
    ]

    private static func t5(_ subject: DoctorSubject) throws -> T5Config? {
        if try subject.hasLanguageModel, case .t5(let config) = try subject.config.language { config } else { nil }
    }

    private static func llama(_ subject: DoctorSubject) throws -> LlamaConfig? {
        if try subject.hasLanguageModel, case .llama(let config) = try subject.config.language { config } else { nil }
    }

    private static func opt(_ subject: DoctorSubject) throws -> OPTConfig? {
        if try subject.hasLanguageModel, case .opt(let config) = try subject.config.language { config } else { nil }
    }

    private static let noT5 = Diagnosis.doesNotApply("the language model is not T5")
    private static let noVicuna = Diagnosis.doesNotApply("the language model is not Vicuna")
    private static let noOPT = Diagnosis.doesNotApply("the language model is not OPT")

    // MARK: FlanT5

    private static let activation = DoctorCheck(.traps, "t5-activation", "FlanT5's GELU is the exact one") { subject in
        guard let config = try t5(subject) else { return noT5 }
        guard config.isGated else { return .doesNotApply("its feed-forward networks are not gated, as FlanT5's are") }
        switch config.activation {
        case .gelu: return .fine("dense_act_fn is gelu, as every published file says")
        case .geluNew:
            // Only whoever left the name out may have meant the other one.
            if try subject.object("config.json")?["text_config"]?.object?["dense_act_fn"] != nil {
                return .fine("dense_act_fn is gelu_new by name, the tanh form; FlanT5 itself was trained with the exact one")
            }
            return .wrong(
                "text_config says gated-gelu without dense_act_fn, which means the tanh form; the published models were trained with the exact one",
                remedy: "set text_config.dense_act_fn to gelu in config.json")
        default:
            return .notice("text_config's activation is \(config.activation.rawValue), where FlanT5's is gelu")
        }
    }

    private static let head = DoctorCheck(.traps, "t5-head", "FlanT5 has a head of its own, and its outputs are not scaled") { subject in
        guard let config = try t5(subject) else { return noT5 }
        let isStored = subject.inventory.find("language_model.lm_head.weight") != nil
        switch (isStored, config.scalesDecoderOutput) {
        case (true, false): return .fine("lm_head is stored, and decoder outputs are not divided by the root of their width")
        case (false, true): return .fine("the head is the embedding, and decoder outputs are scaled, as in the first T5")
        case (true, true):
            return .wrong(
                "lm_head is stored, yet config.json says that decoder outputs are scaled: scale_decoder_outputs is true, or tie_word_embeddings is not false",
                remedy: "set text_config.scale_decoder_outputs to false, as transformers 5 writes it for FlanT5")
        case (false, false):
            return .wrong(
                "there is no lm_head, and the embedding takes its place without a scale: FlanT5's head is a matrix of its own",
                remedy: "fetch the shard with language_model.lm_head.weight; a converter that ties weights drops it")
        }
    }

    private static let decoderStart = DoctorCheck(.traps, "t5-start", "the decoder starts with the pad token") { subject in
        guard let config = try t5(subject) else { return noT5 }
        let named = try subject.object("config.json")?["text_config"]?.object?.ids("decoder_start_token_id")
        guard config.decoderStartID == config.padID else {
            return .wrong(
                "decoder_start_token_id is \(config.decoderStartID) and the pad token \(config.padID); T5 starts with its pad token",
                remedy: "set text_config.decoder_start_token_id to \(config.padID)")
        }
        guard named?.isEmpty == false else {
            return .avoided(
                "decoder_start_token_id is missing, and transformers has no default for it; here the pad token \(config.padID) is taken",
                remedy: "set text_config.decoder_start_token_id to \(config.padID)")
        }
        return .fine("decoder_start_token_id is \(config.decoderStartID)")
    }

    private static let half = DoctorCheck(.traps, "t5-float16", "FlanT5 is not computed in float16") { subject in
        guard try t5(subject) != nil else { return noT5 }
        guard try subject.config.dtypeName == "float16" else {
            return .fine("config.json names \(try subject.config.dtypeName ?? "no type"); T5 overflows in float16 alone")
        }
        return .avoided(
            "config.json names float16, in which T5 overflows; here wo stays float32 and the residual stream is clamped, as in transformers",
            remedy: "compute in bfloat16 or float32, as LAVIS did")
    }

    private static let wideOutputs = DoctorCheck(.traps, "t5-wo", "T5's wo is not stored in float16") { subject in
        guard try t5(subject) != nil else { return noT5 }
        let narrow = subject.inventory.entries.filter {
            $0.key.hasPrefix("language_model.") && $0.key.hasSuffix(".wo.weight") && $0.value.info.type == .float16
        }.keys.sorted()
        guard let first = narrow.first else {
            return .fine("no wo is stored in float16, so none of them can have overflowed or lost its small values")
        }
        return .notice(
            "\(narrow.count) matrices wo are stored in float16, as \(first): transformers keeps them in float32 because their products overflow",
            remedy: "convert from the published float32 files to bfloat16", Diagnosis.shortened(narrow))
    }

    // MARK: Vicuna

    private static let vicunaBeginning = DoctorCheck(.traps, "vicuna-begin", "Vicuna's prompts begin with </s>") { subject in
        guard try llama(subject) != nil else { return noVicuna }
        let tokenizer = try subject.tokenizer
        let (first, end) = (tokenizer.encode("a").first, tokenizer.id(of: "</s>"))
        guard let end else {
            return .wrong("the tokenizer has no </s>", remedy: "take the tokenizer of the published checkpoint")
        }
        guard first == end else {
            return .wrong(
                "a prompt begins with \(first.map { "\($0) (\(tokenizer.token(of: $0) ?? "?"))" } ?? "nothing"); the model was trained with </s> (\(end)) there, as LAVIS set it",
                remedy: "set bos_token to </s> in tokenizer_config.json, and the template of tokenizer.json to it")
        }
        return .fine("a prompt begins with </s> (\(end)), as in training")
    }

    private static let vicunaEnd = DoctorCheck(.traps, "vicuna-end", "Vicuna's answers end where it ends them") { subject in
        guard let config = try llama(subject) else { return noVicuna }
        guard let end = try subject.tokenizer.special.eos else {
            return .wrong("the tokenizer names no end of sequence", remedy: "set eos_token to </s> in tokenizer_config.json")
        }
        guard !config.endIDs.contains(end) else { return .fine("config.json names \(end), which the model ends with") }
        let named = config.endIDs.map(String.init).joined(separator: ", ")
        return .avoided(
            "config.json names \(named.isEmpty ? "no id" : named), as the published files do, which the model never says; here answers end with \(end) too",
            remedy: "give eos_token_id=\(end) to generate of transformers, which otherwise runs on to its length limit")
    }

    private static let vicunaVersion = DoctorCheck(.traps, "vicuna-version", "it is Vicuna v1.1") { subject in
        guard let config = try llama(subject) else { return noVicuna }
        let tokenizer = try subject.tokenizer
        guard let pad = tokenizer.id(of: "[PAD]") else {
            return .wrong(
                "its tokenizer has no [PAD]: the language model was put in from elsewhere, and with Vicuna v0, v1.3 and v1.5 answers are empty or repeat",
                remedy: "take the tokenizer and the language model of the published checkpoint, Vicuna v1.1")
        }
        guard tokenizer.special.unknown == tokenizer.special.eos else {
            return .notice("its unknown token is not </s>, as it is in the published tokenizer", remedy: "set unk_token to </s>")
        }
        return .fine(
            "[PAD] is \(pad) of \(config.vocabularySize) rows, and unknown is </s>; numbers of another version cannot be told apart")
    }

    private static let pad = DoctorCheck(.traps, "pad-id", "pads are the tokenizer's") { subject in
        guard try subject.hasLanguageModel else { return .doesNotApply("there is no language model") }
        let (named, known) = (try subject.config.language.padID, try subject.tokenizer.special.pad)
        guard let known else {
            return .avoided(
                "the tokenizer names no pad token; here rows are padded with any id, and masked", remedy: "name one for transformers")
        }
        guard named == known else {
            return .avoided(
                "config.json pads with \(named.map(String.init) ?? "nothing") and the tokenizer with \(known), which spoiled batches in transformers; here pads are masked",
                remedy: "set text_config.pad_token_id to \(known)")
        }
        return .fine("both pad with \(known)")
    }

    private static let prefix = DoctorCheck(.traps, "llama-prefix", "leading spaces are read as transformers 5 reads them") { subject in
        guard try llama(subject) != nil else { return noVicuna }
        let legacy = try subject.object("tokenizer_config.json")?["legacy"]?.bool
        guard legacy == nil else { return .fine("tokenizer_config.json says legacy: \(legacy == true ? "true" : "false")") }
        return .avoided(
            "tokenizer_config.json has no key legacy, so transformers 4 and 5 read texts that begin with a space differently; here it is read as transformers 5 reads it",
            remedy: nil)
    }

    // MARK: OPT

    private static let lineBreak = DoctorCheck(.traps, "opt-end", "BLIP-2's OPT ends with a line break") { subject in
        guard let config = try opt(subject) else { return noOPT }
        let lineBreak = try subject.tokenizer.encode("\n", addSpecialTokens: false)
        guard lineBreak.count == 1 else {
            return .wrong("the tokenizer has no token for a line break", remedy: "take the tokenizer of the published checkpoint")
        }
        guard config.endIDs.contains(lineBreak[0]) else {
            return .wrong(
                "config.json ends answers with \(config.endIDs.map(String.init).joined(separator: ", ")); the model was trained to end with a line break, \(lineBreak[0])",
                remedy: "set text_config.eos_token_id to \(lineBreak[0])")
        }
        return .fine("answers end with a line break, \(lineBreak[0])")
    }

    private static let captionBeginning = DoctorCheck(.traps, "caption-begin", "captions without a prompt have a beginning") { subject in
        guard try subject.config.architecture == .blip2 else {
            return .doesNotApply("only BLIP-2 writes captions without being told anything")
        }
        guard let begin = try subject.config.language.beginID else {
            return .wrong(
                "text_config names no bos_token_id, with which a caption begins where there is no prompt",
                remedy: "set text_config.bos_token_id")
        }
        return .fine("they begin with bos_token_id \(begin)")
    }

    private static let generationConfig = DoctorCheck(.traps, "generation-config", "generation_config.json says what text_config says") {
        subject in
        guard try subject.hasLanguageModel, let generation = try subject.object("generation_config.json"),
            let text = try subject.object("config.json")?["text_config"]?.object
        else { return .doesNotApply("there is no generation_config.json, which nobody reads in this family") }
        let odd = (["bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id"] as [JSONKey]).filter { key in
            guard let one = generation.ids(key.json), let other = text.ids(key.json) else { return false }
            return one != other
        }
        guard let first = odd.first else { return .fine("the ids that both name are the same") }
        return .avoided(
            "\(first.text) of generation_config.json is another one than text_config's; transformers loads this file and never uses it for this family, and neither is it read here",
            remedy: "put what is meant into text_config")
    }
}
