/// How instructions are written around samples.
public enum InstructionStyle: Sendable, Equatable {
    /// A template drawn at random, as the paper trains.
    case templates(TemplateSet)
    /// The bare question, or nothing for a caption: the paper's multitask training without instructions (section 3.4).
    case plain
    /// The same behind `[category:dataset]`, its second such variant.
    case prefixed
    /// No instruction, and a whole caption as the answer: BLIP-2's second stage with a language model that only decodes, as OPT.
    case captions
    /// A caption cut before a word drawn at random, its beginning the instruction and its rest the answer: the prefix language modelling of BLIP-2's
    /// second stage with an encoder and a decoder, as FlanT5. Each word is as likely, also the first one, behind no instruction at all.
    case splitCaptions

    /// Whether it is for captions alone.
    public var isForCaptions: Bool { self == .captions || self == .splitCaptions }
}

/// Makes examples of a dataset's samples.
public struct ExampleMaker: Sendable {
    public let dataset: String
    /// What the prefix of ``InstructionStyle/prefixed`` calls it: `[Image captioning:COCO Caption]`.
    private let label: String
    public let style: InstructionStyle
    private let writer = InstructionWriter()

    public init(dataset: String, category: String, title: String, style: InstructionStyle = .templates(.paper)) {
        self.dataset = dataset
        self.style = style
        label = "[\(category):\(title)]"
    }

    /// Draws a template, then an answer: of several captions each is as likely, an answer is as likely as annotators gave it.
    ///
    /// - Parameter generator: seeded by what the example is for, so that whoever asks gets the same one.
    /// - Throws: ``DataError/noAnswer(sample:)`` for a sample of a split whose answers are secret, ``DataError/notACaption(sample:)`` where only
    ///   captions are meant, and what templates throw.
    public func example(_ sample: Sample, _ generator: inout SeededGenerator) throws(DataError) -> Example {
        if style.isForCaptions { try Self.checkCaption(sample) }
        var instruction = ""
        var sample = sample
        // The answer a question is generated for is drawn before the template is filled, and given alone.
        var answer = try Self.answer(sample, &generator)
        if case .questionGeneration(var question) = sample.task {
            question.answers = [WeightedAnswer(answer)]
            sample.task = .questionGeneration(question)
            answer = question.text
        }
        switch style {
        case .templates(let set):
            instruction =
                if let template = try Self.template(sample.task, set, &generator) {
                    try writer.instruction(template, sample)
                } else { try writer.instruction("{question}", sample) }
        case .plain: instruction = try plain(sample)
        case .prefixed: instruction = [label, try plain(sample)].filter { !$0.isEmpty }.joined(separator: " ")
        case .captions: break
        case .splitCaptions: (instruction, answer) = Self.split(answer, &generator)
        }
        return Example(
            dataset: dataset, sample: sample.id, images: sample.images, instruction: instruction, answer: answer,
            descriptions: sample.descriptions)
    }

    /// - Throws: ``DataError/notACaption(sample:)`` for a sample of another task.
    public static func checkCaption(_ sample: Sample) throws(DataError) {
        guard case .caption = sample.task else { throw .notACaption(sample: sample.id) }
    }

    /// The words before one drawn at random, and that word with those behind it, each as they were written.
    private static func split(_ caption: String, _ generator: inout SeededGenerator) -> (beginning: String, rest: String) {
        let words = caption.split(whereSeparator: \.isWhitespace)
        guard words.count > 1 else { return ("", caption) }
        let place = generator.below(words.count)
        guard place > 0 else { return ("", caption) }
        return (String(caption[words[0].startIndex..<words[place - 1].endIndex]), String(caption[words[place].startIndex...]))
    }

    /// Nil where the dataset wrote its own instruction.
    private static func template(
        _ task: SampleTask, _ set: TemplateSet, _ generator: inout SeededGenerator
    ) throws(DataError) -> Template? {
        let (templates, kind) =
            switch task {
            case .caption: (set.captions, "captions")
            case .question: (set.questions, "questions")
            case .questionGeneration: (set.questionGeneration, "question generation")
            case .instruction: ([Template](), "")
            }
        if case .instruction = task { return nil }
        guard !templates.isEmpty else { throw .badMixture(reason: "there is no template for \(kind)") }
        return templates[generator.below(templates.count)]
    }

    private func plain(_ sample: Sample) throws(DataError) -> String {
        switch sample.task {
        case .caption: try writer.instruction(Template(""), sample)
        case .question, .instruction: try writer.instruction("{question}", sample)
        case .questionGeneration: try writer.instruction("{answer}", sample)
        }
    }

    private static func answer(_ sample: Sample, _ generator: inout SeededGenerator) throws(DataError) -> String {
        switch sample.task {
        case .caption(let captions):
            guard !captions.references.isEmpty else { throw .noAnswer(sample: sample.id) }
            return captions.references[generator.below(captions.references.count)]
        case .question(let question), .questionGeneration(let question):
            if let place = generator.place(among: question.answers.map(\.weight)) { return question.answers[place].text }
            if let correct = question.correct, question.choices.indices.contains(correct) { return question.choices[correct] }
            throw .noAnswer(sample: sample.id)
        case .instruction(let written):
            guard let response = written.response else { throw .noAnswer(sample: sample.id) }
            return response
        }
    }
}
