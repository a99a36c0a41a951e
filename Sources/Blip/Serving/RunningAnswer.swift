import BlipDecoding

/// A question whose answer is being written. It belongs to the engine's thread.
final class RunningAnswer {
    let job: ServedJob
    let writer: AnswerWriter
    /// Its number in the joint session.
    let row: Int
    private let input: ModelInput
    /// What was asked for, and what there is room for.
    private let asked, request: DecodingOptions
    private var texts: [AnswerText]
    private var timings: Timings
    private let decoding = Stopwatch()

    /// - Parameters:
    ///   - writer: with its first tokens.
    ///   - timings: up to them.
    init(_ newcomer: Newcomer, _ writer: AnswerWriter, row: Int, _ timings: Timings, _ processor: Processor) {
        (job, input, asked, request) = (newcomer.job, newcomer.input, newcomer.asked, newcomer.request)
        (self.writer, self.row, self.timings) = (writer, row, timings)
        // Beams have no order to show.
        let shows = request.beams > 1 ? 0 : request.returned
        texts = (0..<shows).map { _ in AnswerText(processor.tokenizer, stops: newcomer.job.question.options.stopStrings) }
    }

    /// Hands out what the last step added to the texts.
    func show() {
        for (place, id) in writer.shown.enumerated() {
            if let id, !request.stopIDs.contains(id) { give(texts[place].append(id), of: place) }
        }
    }

    private func give(_ piece: String, of place: Int) {
        if !piece.isEmpty { job.events.yield(.piece(sequence: place, text: piece)) }
    }

    /// The whole answer.
    func finish(_ checkpoint: Checkpoint, notes: [String]) -> Answer {
        for place in texts.indices { give(texts[place].finish(), of: place) }
        let options = job.question.options
        let likeliest = writer.likeliest
        var ordered = checkpoint.sequences(writer.rows, options, request)
        for (place, sequence) in ordered.enumerated() where likeliest.indices.contains(sequence.number) {
            ordered[place].alternatives = likeliest[sequence.number].map {
                $0.map { TokenAlternative(id: $0.id, logProbability: $0.logProbability) }
            }
        }
        timings.decode = decoding.seconds
        let count = ordered.first?.tokenIDs.count ?? 0
        if timings.decode > 0, count > 1 { timings.tokensPerSecond = Double(count - 1) / timings.decode }
        var notes = input.notes + notes
        if ordered.first?.finishReason == .length, request.maximumTokens < asked.maximumTokens {
            notes.append("the answer ends after \(request.maximumTokens) tokens, where this model's room for it ends")
        }
        return Answer(sequences: ordered, promptTokens: checkpoint.promptTokens(of: input), timings: timings, notes: notes)
    }
}

/// A question that is about to be read.
struct Newcomer {
    let job: ServedJob
    let input: ModelInput
    let asked, request: DecodingOptions
    /// Waiting, and preparing the pictures.
    let timings: Timings

    /// - Throws: what keeps the question from being read.
    init(_ question: PreparedQuestion, _ checkpoint: Checkpoint, loadSeconds: Double) throws {
        (job, input, asked) = (question.job, question.input, question.request)
        var request = question.request
        request.maximumTokens = try checkpoint.room(after: input, wanted: request.maximumTokens)
        request.minimumTokens = min(request.minimumTokens, request.maximumTokens)
        self.request = request
        var timings = Timings()
        timings.load = loadSeconds
        timings.image = question.seconds
        timings.waiting = max(0, job.submitted.duration(to: .now) / .seconds(1) - question.seconds)
        self.timings = timings
    }
}

extension Checkpoint {
    /// Positions that the language model reads before the answer.
    func promptTokens(of input: ModelInput) -> Int { config.queryCount * input.frames.count + input.promptIDs.count }
}
