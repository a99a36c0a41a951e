import BlipJSON
import BlipModels
import BlipTensors
import BlipTokenizers

extension DoctorCheck {
    /// What is known to go wrong between picture, instruction and prompt.
    static let promptTraps: [DoctorCheck] = [
        imageToken, imageTokenWord, queryCount, queryTensor, told, dec, instructionTemplate, lowerCase, leftCut, positions,
        qformerVocabulary,
        promptCut, sides, textBranch,
    ]

    private static let retrieval = Diagnosis.doesNotApply("it compares pictures with texts, and has no prompt")
    private static let noInstruction = Diagnosis.doesNotApply("its Q-Former is told nothing")

    // MARK: The places of the picture

    private static let imageToken = DoctorCheck(.traps, "image-token", "config.json names the placeholder of pictures") { subject in
        guard try subject.hasLanguageModel else { return retrieval }
        let isVideo = try subject.config.architecture == .instructBLIPVideo
        let key = isVideo ? "video_token_index" : "image_token_index"
        guard let id = try subject.config.imageTokenID else {
            return .avoided(
                "\(key) is missing, as in uploads before December 2024; here pictures go before the words without a placeholder, with the same result",
                remedy: "transformers 4.50 and newer need it: fetch the newest revision")
        }
        let rows = try subject.config.language.vocabularySize
        guard id < rows else {
            return .wrong(
                "\(key) is \(id), and the language model has \(rows) embeddings: transformers looks the placeholder up before it is replaced",
                remedy: "resize the embeddings, or fetch the newest revision, whose vocabulary is rounded up to a multiple of 64")
        }
        return .fine("\(key) is \(id)")
    }

    private static let imageTokenWord = DoctorCheck(.traps, "image-token-word", "the placeholder is the tokenizer's") { subject in
        guard try subject.hasLanguageModel else { return retrieval }
        let word = try subject.config.architecture == .instructBLIPVideo ? "<video>" : "<image>"
        guard let named = try subject.config.imageTokenID else { return .doesNotApply("config.json names no placeholder") }
        guard let id = try subject.tokenizer.id(of: word) else {
            return .avoided(
                "the tokenizer has no \(word); transformers appends it with the next free id, which has to be \(named)",
                remedy: "fetch added_tokens.json or tokenizer.json of the newest revision")
        }
        guard id == named else {
            return .wrong(
                "\(word) is \(id) for the tokenizer and \(named) for config.json: transformers finds no place for the picture, and answers without having seen it",
                remedy: "set the index in config.json to \(id)")
        }
        return .fine("\(word) is \(id) for both")
    }

    private static let queryCount = DoctorCheck(.traps, "query-count", "the processor makes as many places as there are queries") {
        subject in
        guard try subject.hasLanguageModel else { return retrieval }
        let queries = try subject.config.queryCount
        guard let named = try subject.object("processor_config.json")?["num_query_tokens"]?.integer else {
            let effect =
                try subject.config.architecture.isInstructed ? "ends with a TypeError" : "leaves the picture out of the prompt, silently"
            return .avoided(
                "num_query_tokens is missing in processor_config.json, without which transformers 5 \(effect); here config.json's \(queries) counts",
                remedy: "write \"num_query_tokens\": \(queries) into processor_config.json")
        }
        guard named == queries else {
            return .wrong(
                "processor_config.json makes \(named) places in the prompt, and the network gives \(queries): transformers drops the rest, or fails",
                remedy: "set num_query_tokens to \(queries) in processor_config.json")
        }
        return .fine("both say \(queries)")
    }

    private static let queryTensor = DoctorCheck(.traps, "query-tokens", "the queries are stored once for all pictures") { subject in
        guard let entry = subject.inventory.entries["query_tokens"] else {
            return .wrong("query_tokens is missing: what the Q-Former asks with", remedy: "fetch the shard that holds it")
        }
        let shape = entry.info.shape
        guard shape.first == 1, shape.count == 3 else {
            return .wrong(
                "query_tokens has shape \(shape); they are stored once, [1, queries, width], and shared by all pictures",
                remedy: "fetch or convert the checkpoint again")
        }
        return .fine("query_tokens has shape \(shape)")
    }

    // MARK: What the Q-Former is told

    private static let told = DoctorCheck(.traps, "qformer-told", "the Q-Former is told the instruction") { subject in
        guard try subject.config.architecture.isInstructed else { return noInstruction }
        guard try subject.config.isToldInstruction else {
            return .avoided(
                "it was tuned without telling its Q-Former the instruction (qformer_text_input is false), and is not told it here; transformers does not know the key and tells it",
                remedy: nil)
        }
        return .fine("it is, as published")
    }

    /// The tokenizer that the Q-Former reads with; nil where it reads nothing.
    private static func reader(_ subject: DoctorSubject) throws -> Tokenizer? { try subject.qformerTokenizer }

    private static let dec = DoctorCheck(.traps, "qformer-dec", "the Q-Former's tokenizer has [DEC]") { subject in
        guard let tokenizer = try reader(subject) else { return noInstruction }
        let rows = try subject.config.qformer.vocabularySize
        guard let id = tokenizer.id(of: "[DEC]") else {
            return .wrong(
                "[DEC] is missing: it is the tokenizer of a plain BERT, and the Q-Former has one row more",
                remedy: "fetch the folder qformer_tokenizer of the checkpoint, or add [DEC] as bos_token")
        }
        guard id == rows - 1 else {
            return .wrong(
                "[DEC] is \(id), and the last of the Q-Former's \(rows) rows is \(rows - 1): words have been added or taken away",
                remedy: "fetch the folder qformer_tokenizer of the same checkpoint")
        }
        return .fine("[DEC] is \(id), the last row")
    }

    private static let instructionTemplate = DoctorCheck(.traps, "qformer-template", "instructions are told as [CLS] … [SEP]") { subject in
        guard let tokenizer = try reader(subject) else { return noInstruction }
        let ids = tokenizer.encode("a")
        guard let begin = tokenizer.id(of: "[CLS]"), let end = tokenizer.id(of: "[SEP]"), ids.first == begin, ids.last == end, ids.count > 2
        else {
            return .wrong(
                "\"a\" is told as \(ids.map { tokenizer.token(of: $0) ?? "\($0)" }.joined(separator: " "))",
                remedy: "fetch the folder qformer_tokenizer of the checkpoint; [DEC] is never put into an instruction")
        }
        return .fine("as \(begin) … \(end)")
    }

    private static let lowerCase = DoctorCheck(.traps, "qformer-case", "instructions are told in lower case") { subject in
        guard let tokenizer = try reader(subject) else { return noInstruction }
        guard tokenizer.encode("The") == tokenizer.encode("the") else {
            return .wrong(
                "\"The\" and \"the\" are told differently: it is the tokenizer of a BERT with cases",
                remedy: "take that of bert-base-uncased with [DEC]")
        }
        return .fine("\"The\" and \"the\" are the same")
    }

    private static let leftCut = DoctorCheck(.traps, "qformer-truncation", "long instructions lose their beginning, not their end") {
        subject in
        guard let tokenizer = try reader(subject) else { return noInstruction }
        guard try subject.config.architecture.isInstructed else { return .doesNotApply("texts of captions are cut on the right") }
        guard tokenizer.truncationSide == .left else {
            return .avoided(
                "truncation_side of qformer_tokenizer is right, and the models were tuned with left; here the beginning is cut in any case",
                remedy: "set truncation_side to left in qformer_tokenizer/tokenizer_config.json")
        }
        return .fine("truncation_side is left")
    }

    private static let positions = DoctorCheck(.traps, "qformer-positions", "long instructions are cut to the Q-Former's positions") {
        subject in
        guard let tokenizer = try reader(subject) else { return noInstruction }
        let count = try subject.config.qformer.positionCount
        guard let limit = tokenizer.modelMaximumLength, limit <= count else {
            return .avoided(
                "the tokenizer sets \(tokenizer.modelMaximumLength.map { "a limit of \($0)" } ?? "no limit"), and the Q-Former has \(count) positions, beyond which transformers fails; here instructions are cut to them",
                remedy: "set model_max_length to \(count) in the tokenizer's config, and ask transformers for truncation")
        }
        return .avoided(
            "the limit is \(limit) of \(count) positions; transformers fails beyond them unless it is asked to truncate, and here instructions are cut",
            remedy: nil)
    }

    private static let qformerVocabulary = DoctorCheck(.traps, "qformer-vocabulary", "the Q-Former has a row for each of its words") {
        subject in
        guard let tokenizer = try reader(subject) else { return noInstruction }
        let rows = try subject.config.qformer.vocabularySize
        let stored = subject.inventory.entries.first { $0.key.hasSuffix("embeddings.word_embeddings.weight") }?.value.info.shape.first
        if let stored, stored != rows {
            return .wrong(
                "config.json gives the Q-Former \(rows) words, and the files hold \(stored): embeddings were resized on one side only",
                remedy: "set qformer_config.vocab_size to \(stored), or resize the embeddings")
        }
        let words = tokenizer.vocabularySize - ["<image>", "<video>"].compactMap { tokenizer.id(of: $0) }.count { $0 >= rows }
        guard words <= rows else {
            return .wrong(
                "the tokenizer has \(words) words, and the Q-Former \(rows) rows", remedy: "take the tokenizer of this checkpoint")
        }
        return .fine("\(words) words for \(rows) rows")
    }

    private static let promptCut = DoctorCheck(.traps, "prompt-truncation", "long prompts would lose their beginning, not their end") {
        subject in
        guard try subject.config.architecture.isInstructed else { return noInstruction }
        guard try subject.tokenizer.truncationSide == .left else {
            return .avoided(
                "truncation_side of the tokenizer is right, and the models were tuned with left; here prompts are never cut, and in training on the left",
                remedy: "set truncation_side to left in tokenizer_config.json")
        }
        return .fine("truncation_side is left; here prompts are never cut")
    }

    private static let sides = DoctorCheck(.traps, "padding-side", "batches are padded on the side that the model needs") { subject in
        guard try subject.hasLanguageModel else { return retrieval }
        let isDecoder = try !subject.config.language.isEncoderDecoder
        let tokenizer = try subject.tokenizer
        let wanted: Side = isDecoder ? .left : .right
        guard tokenizer.paddingSide != wanted else {
            return .fine("the tokenizer pads on the \(wanted.rawValue), as its model needs it")
        }
        return .avoided(
            "the tokenizer pads on the \(tokenizer.paddingSide.rawValue), and batches of this model need the \(wanted.rawValue); here the side follows from the model",
            remedy: "give padding_side=\"\(wanted.rawValue)\" to the tokenizer of transformers")
    }

    private static let textBranch = DoctorCheck(.traps, "qformer-text-branch", "the Q-Former's text branch was trained") { subject in
        guard try subject.config.architecture.isInstructed else { return noInstruction }
        let names = (0..<(try subject.config.qformer.layerCount)).map { "qformer.encoder.layer.\($0)." }
        let copies = names.filter { subject.sameBytes("\($0)intermediate.dense.weight", "\($0)intermediate_query.dense.weight") }
        guard copies.count == names.count, !names.isEmpty else {
            return .fine("its feed-forward networks for text are others than those for queries")
        }
        return .wrong(
            "in every layer the feed-forward networks for text and for queries are equal: they are BERT's, as before any training",
            remedy: "take the text branch of BLIP-2's first stage, which stage 2 does not carry; assemble can")
    }
}

extension DoctorSubject {
    /// Whether two tensors are stored and equal, byte for byte.
    func sameBytes(_ first: String, _ second: String) -> Bool {
        guard let (one, _) = inventory.find(first), let (other, _) = inventory.find(second), one.info.byteCount == other.info.byteCount,
            one.info.byteCount > 0
        else { return false }
        return one.file.map.withBytes { left in
            other.file.map.withBytes { right in
                left[one.info.byteRange].elementsEqual(right[other.info.byteRange])
            }
        }
    }
}
