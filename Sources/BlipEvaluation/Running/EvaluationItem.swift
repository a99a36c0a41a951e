public import BlipData
public import BlipScenes

/// A sample as it is asked.
public struct EvaluationItem: Sendable {
    public let sample: Sample
    /// The pictures shown: the sample's own, another sample's, or none.
    public internal(set) var images: [SampleImage]
    public let instruction: String
    /// What the picture shows, where that is known: of a scene's caption, not of a clip.
    public internal(set) var scene: Scene?
    /// What is ranked; nil where an answer is written.
    public let candidates: [String]?

    /// - Throws: ``EvaluationError/noCandidates(benchmark:sample:)``; what is wrong with the sample.
    public init(_ sample: Sample, _ benchmark: EvaluationBenchmark) throws {
        self.sample = sample
        images = sample.images
        instruction = try InstructionWriter().instruction(benchmark.template, sample)
        guard case .rank(let form) = benchmark.answering else {
            candidates = nil
            return
        }
        var choices: [String] = []
        if case .question(let question) = sample.task { choices = question.choices }
        switch form {
        case .choices: candidates = choices
        case .letters: candidates = choices.indices.map { "(\(InstructionWriter.letter($0)))" }
        case .words(let first, let second):
            // Two choices, of which the first is what the first words mean.
            guard choices.count == 2 else { throw EvaluationError.noCandidates(benchmark: benchmark.name, sample: sample.id) }
            candidates = first + second
        }
        if candidates?.isEmpty != false { throw EvaluationError.noCandidates(benchmark: benchmark.name, sample: sample.id) }
    }

    var question: VisualQuestion? {
        if case .question(let question) = sample.task { question } else { nil }
    }

    /// What people answered, one entry for each of them.
    public var references: [String] {
        switch sample.task {
        case .caption(let captions): captions.references
        // What is wanted is the question; its answer was given.
        case .questionGeneration(let question): [question.text]
        case .question(let question):
            question.answers.flatMap { answer in Array(repeating: answer.text, count: max(1, Int(answer.weight.rounded()))) }
        case .instruction(let written): written.response.map { [$0] } ?? []
        }
    }
}

/// What a model made of an item.
public struct Prediction: Sendable, Equatable, Encodable {
    /// The answer written, or the candidate that was likeliest.
    public var answer: String
    /// The log-probability of each candidate, in their order; empty where an answer was written.
    public var scores: [Double]

    public init(_ answer: String, scores: [Double] = []) { (self.answer, self.scores) = (answer, scores) }

    /// The place of the likeliest candidate; of equal ones the first.
    public var best: Int? { scores.indices.max { (scores[$0], $1) < (scores[$1], $0) } }
}
