/// Fills a template from a sample. Training, evaluation and `data show` all write their instructions here.
public struct InstructionWriter: Sendable {
    /// Words read in a picture beyond these are left out. Source: `predict_answers` of the reference.
    public static let maximumOCRTokens = 30

    public init() {}

    /// The instruction for a sample that a template is put around.
    ///
    /// What the sample has and the template has no hole for is written where the paper writes it: words read in the picture and a context
    /// in front, options behind the question.
    public func instruction(_ template: Template, _ sample: Sample) throws(DataError) -> String {
        switch sample.task {
        case .caption(let captions):
            let text = try template.filled { hole throws(DataError) in
                if hole == .ocr { return Self.ocr(captions.ocrTokens) }
                throw .emptyHole(template: template.text, hole: hole.rawValue, sample: sample.id)
            }
            return template.holes.contains(.ocr) ? text : Self.ocrPrefix(captions.ocrTokens) + text
        case .question(let question), .questionGeneration(let question):
            return try instruction(template, question, sample)
        case .instruction(let written): return Self.instruction(written)
        }
    }

    private func instruction(_ template: Template, _ question: VisualQuestion, _ sample: Sample) throws(DataError) -> String {
        let holes = template.holes
        let isGiven = holes.contains(.answer)
        let text = try template.filled { hole throws(DataError) in
            switch hole {
            case .question:
                return holes.contains(.options) || question.options.isEmpty || isGiven
                    ? question.text : "\(question.text) Options: \(Self.lettered(question.options))" + (template.closesQuestion ? "" : ".")
            case .options where !question.options.isEmpty: return Self.lettered(question.options)
            case .ocr: return Self.ocr(question.ocrTokens)
            case .context: return question.context ?? ""
            case .history: return Self.history(question)
            case .caption: return question.caption ?? ""
            // A question that is to be made up is made up for the answer most people gave.
            case .answer:
                if let answer = question.answers.max(by: { $0.weight < $1.weight }) { return answer.text }
                throw .noAnswer(sample: sample.id)
            case .options: throw .emptyHole(template: template.text, hole: hole.rawValue, sample: sample.id)
            }
        }
        if isGiven { return text }
        var prefix = holes.contains(.ocr) ? "" : Self.ocrPrefix(question.ocrTokens)
        if !holes.contains(.history), !question.history.isEmpty || (question.caption != nil && !holes.contains(.caption)) {
            prefix += "Dialog history: \(Self.history(question))\n "
        }
        if !holes.contains(.context), let context = question.context, !context.isEmpty { prefix += "Context: \(context) " }
        return prefix + text
    }

    /// Options as the paper writes them: `(a) red (b) blue`. Source: the paper's appendix E; the authors in issue 326 of LAVIS.
    public static func lettered(_ options: [String]) -> String {
        options.enumerated().map { "(\(letter($0.offset))) \($0.element)" }.joined(separator: " ")
    }

    /// a to z, then aa, ab and so on.
    public static func letter(_ place: Int) -> String {
        let last = String(UnicodeScalar(UInt8(ascii: "a") + UInt8(place % 26)))
        return place < 26 ? last : letter(place / 26 - 1) + last
    }

    static func ocr(_ tokens: [String]) -> String { tokens.prefix(maximumOCRTokens).joined(separator: ", ") }

    /// Datasets with words read in their pictures have them in front. Source: the paper's appendix D; the order is the model code's.
    private static func ocrPrefix(_ tokens: [String]) -> String { tokens.isEmpty ? "" : "OCR tokens: \(ocr(tokens)). " }

    /// Turns one after another, without roles or separators. Source: the authors in issues 318, 357 and 392 of LAVIS.
    private static func history(_ question: VisualQuestion) -> String {
        ((question.caption.map { [$0] } ?? []) + question.history.flatMap { [$0.question, $0.answer] }).joined(separator: " ")
    }

    private static func instruction(_ written: WrittenInstruction) -> String {
        (written.history.flatMap { [$0.question, $0.answer] } + [written.instruction]).joined(separator: " ")
    }
}
