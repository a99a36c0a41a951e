import BlipModels
import BlipTokenizers

extension DoctorCheck {
    /// What a folder has to have, and which published checkpoint it is.
    static let folder: [DoctorCheck] = [config, tokenizer, instructionTokenizer, imageProcessor, published]

    private static let config = DoctorCheck(.folder, "config", "config.json can be read") { subject in
        if let problem = subject.configProblem {
            return .wrong("\(problem)", remedy: "fetch config.json again, or take a checkpoint of this family")
        }
        return .fine("it describes \(try subject.config.architecture.name)")
    }

    private static let tokenizer = DoctorCheck(.folder, "tokenizer", "the tokenizer can be read") { subject in
        if let problem = subject.languageTokenizerProblem {
            return .wrong("\(problem)", remedy: "fetch tokenizer.json and tokenizer_config.json of the same checkpoint")
        }
        let (tokenizer, rows) = (try subject.tokenizer, try subject.tokenRows)
        // A placeholder that is replaced before it is looked up needs no embedding.
        let placeholders = ["<image>", "<video>"].compactMap { tokenizer.id(of: $0) }.count { $0 >= rows }
        let words = tokenizer.vocabularySize - placeholders
        guard words <= rows else {
            return .wrong(
                "the tokenizer knows \(words) tokens, and the model has embeddings for \(rows)",
                remedy: "take the tokenizer of this very checkpoint")
        }
        return .fine("\(tokenizer.algorithm.rawValue) with \(tokenizer.vocabularySize) tokens, for \(rows) embeddings")
    }

    private static let instructionTokenizer = DoctorCheck(.folder, "qformer-tokenizer", "the Q-Former's tokenizer can be read") { subject in
        guard try subject.config.architecture.isInstructed else {
            return .doesNotApply("only InstructBLIP has one, in the folder qformer_tokenizer")
        }
        if let problem = subject.qformerTokenizerProblem {
            return .wrong("\(problem)", remedy: "fetch the folder qformer_tokenizer of the same checkpoint")
        }
        guard let tokenizer = try subject.qformerTokenizer else { return .doesNotApply("the Q-Former reads nothing") }
        guard tokenizer.algorithm == .wordPiece else {
            return .wrong(
                "the Q-Former reads BERT's word pieces, and qformer_tokenizer is \(tokenizer.algorithm.rawValue)",
                remedy: "fetch the folder qformer_tokenizer of the same checkpoint")
        }
        return .fine("\(tokenizer.vocabularySize) word pieces")
    }

    private static let imageProcessor = DoctorCheck(.folder, "image-processor", "the image processor can be read") { subject in
        if let problem = subject.imagesProblem {
            return .wrong("\(problem)", remedy: "fetch preprocessor_config.json or processor_config.json again")
        }
        guard let found = try subject.imageSettings() else {
            return .wrong(
                "neither preprocessor_config.json nor processor_config.json describes an image processor",
                remedy: "fetch one of them; without it pictures get the image encoder's size and the published colors' means")
        }
        return .fine("it is read from \(found.file)")
    }

    private static let published = DoctorCheck(.folder, "published", "it is a published checkpoint") { subject in
        let likeness = try CheckpointLikeness(subject)
        let lines = likeness.differences.map { "\($0.what): \($0.found), published \($0.published)" }
        guard likeness.isSameArchitecture else {
            return .notice(
                "it is none of the published ones; it is most like \(likeness.name), with \(lines.count) differences", lines: lines)
        }
        guard !lines.isEmpty else {
            return .fine(
                "everything that can be counted is that of Salesforce/\(likeness.name); whether the numbers are its own, no count can tell")
        }
        return .notice("its architecture is that of Salesforce/\(likeness.name), and \(lines.count) things differ", lines: lines)
    }
}

extension Diagnosis {
    static func notice(_ reason: String, lines: [String]) -> Diagnosis { .notice(reason, remedy: nil, shortened(lines, to: 20)) }
}

extension DoctorSubject {
    /// Rows of the embedding that the tokenizer's ids are looked up in.
    var tokenRows: Int {
        get throws { try hasLanguageModel ? config.language.vocabularySize : config.qformer.vocabularySize }
    }
}
