import BlipDecoding
import BlipImages
import BlipModels
import BlipTensors

extension Assistant {
    /// What makes inputs of questions, in any task, while this actor computes.
    public var processor: Processor {
        get throws { try checkpoint().processor }
    }

    /// Answers several questions in one batch; the answers are those that the questions get one by one.
    ///
    /// - Returns: for each question its answer, or what is wrong with it: a bad picture does not spoil the others.
    /// - Throws: what is wrong with the options; `CancellationError`, at the next token; what makes every question fail.
    public func answers(
        to questions: [Question], _ options: AnswerOptions = AnswerOptions(), limits: ImageLimits = .default
    ) async throws -> [Result<Answer, any Error>] {
        try answers(to: await processor.inputs(for: questions, limits: limits), options)
    }

    /// The same for inputs that were prepared before, as by ``Processor/inputs(for:limits:)``.
    ///
    /// Inputs with equally many pictures are computed together. Where a computation fails, it is tried again with fewer. Answers that are
    /// drawn are computed one by one, so that what is drawn does not depend on the batch.
    public func answers(to inputs: [Result<ModelInput, any Error>], _ options: AnswerOptions) throws -> [Result<Answer, any Error>] {
        try checkpoint().answers(to: inputs, options, loadSeconds: loadSeconds)
    }
}

extension Checkpoint {
    /// Answers in one batch, as `Assistant.answers(to:_:)` gives them.
    func answers(
        to inputs: [Result<ModelInput, any Error>], _ options: AnswerOptions, loadSeconds: Double = 0
    ) throws -> [Result<Answer, any Error>] {
        var request = options.decoding
        request.stopIDs = options.stop.ids(config.language, processor.tokenizer)
        try request.validate()
        var batch = AnswerBatch(checkpoint: self, options: options, request: request, loadSeconds: loadSeconds)
        return try withoutGradients { try batch.run(inputs) }
    }
}

/// Several answers in the making.
private struct AnswerBatch {
    let checkpoint: Checkpoint
    let options: AnswerOptions
    let request: DecodingOptions
    let loadSeconds: Double
    /// The weights are searched for damage once.
    private var whyNotFinite: BlipError?

    init(checkpoint: Checkpoint, options: AnswerOptions, request: DecodingOptions, loadSeconds: Double) {
        self.checkpoint = checkpoint
        self.options = options
        self.request = request
        self.loadSeconds = loadSeconds
    }

    /// One input and where it stands.
    private struct Row {
        let place: Int
        let input: ModelInput
        /// New tokens it has room for.
        let tokens: Int
    }

    mutating func run(_ inputs: [Result<ModelInput, any Error>]) throws -> [Result<Answer, any Error>] {
        var results: [Int: Result<Answer, any Error>] = [:]
        // 1. Rows that can be computed together: as many pictures, and as much room.
        var groups: [[Row]] = []
        for (place, input) in inputs.enumerated() {
            do {
                let input = try input.get()
                let row = Row(place: place, input: input, tokens: try checkpoint.room(after: input, wanted: request.maximumTokens))
                let mates = groups.firstIndex { group in
                    request.sampling == nil && group[0].tokens == row.tokens && group[0].input.frames.count == input.frames.count
                }
                if let mates { groups[mates].append(row) } else { groups.append([row]) }
            } catch {
                results[place] = .failure(error)
            }
        }
        // 2. Answers; a group that fails is halved until the row is found that cannot be computed.
        while let group = groups.popLast() {
            do {
                let made = try answers(group)
                for (row, answer) in zip(group, made) { results[row.place] = .success(answer) }
            } catch let error where Self.mayBeOneRows(error) {
                if group.count > 1 {
                    groups += [Array(group[..<(group.count / 2)]), Array(group[(group.count / 2)...])]
                } else {
                    results[group[0].place] = .failure(try explain(error))
                }
            }
        }
        return inputs.indices.compactMap { results[$0] }
    }

    /// Numbers that overflow, or memory that does not suffice, may be a single row's fault; everything else would fail again.
    private static func mayBeOneRows(_ error: any Error) -> Bool {
        switch error {
        case GenerationError.notFinite, TensorError.outOfMemory: true
        default: false
        }
    }

    private mutating func explain(_ error: any Error) throws -> any Error {
        guard case GenerationError.notFinite = error else { return error }
        let reason = try whyNotFinite ?? checkpoint.explainNotFinite()
        whyNotFinite = reason
        return reason
    }

    private func answers(_ rows: [Row]) throws -> [Answer] {
        let inputs = rows.map(\.input)
        var request = request
        request.maximumTokens = rows[0].tokens
        request.minimumTokens = min(request.minimumTokens, request.maximumTokens)
        var timings = Timings()
        var clock = Stopwatch()
        try Task.checkCancellation()
        let prompt = try checkpoint.prompt(inputs, &timings, &clock)
        let hooks = checkpoint.hooks(options, request, inputs) { step, _ in
            try Task.checkCancellation()
            if step == 0 { timings.prefill = clock.lap() }
        }
        let answered = try TokenLoop(checkpoint.network.language, request).run(prompt, hooks)
        timings.decode = clock.lap()
        // What went wrong with the cache of pictures is said once.
        let kept = checkpoint.takeNotes()
        return zip(rows, answered).enumerated().map { place, pair in
            let (row, answered) = pair
            let sequences = checkpoint.sequences(answered, options, request)
            var notes = row.input.notes + (place == 0 ? kept : [])
            if sequences[0].finishReason == .length, request.maximumTokens < self.request.maximumTokens {
                notes.append("the answer ends after \(request.maximumTokens) tokens, where this model's room for it ends")
            }
            let places = checkpoint.config.queryCount * row.input.frames.count + row.input.promptIDs.count
            var mine = timings.share(of: rows.count)
            mine.load = loadSeconds
            if timings.decode > 0 { mine.tokensPerSecond = Double(max(0, sequences[0].tokenIDs.count - 1)) / timings.decode }
            return Answer(sequences: sequences, promptTokens: places, timings: mine, notes: notes)
        }
    }
}

extension Timings {
    /// What one of `count` questions answered together took.
    fileprivate func share(of count: Int) -> Timings {
        var mine = self
        for stage in [\Timings.vision, \.qformer, \.prefill, \.decode] { mine[keyPath: stage] /= Double(count) }
        return mine
    }
}
