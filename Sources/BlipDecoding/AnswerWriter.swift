import BlipModels
import BlipTensors

/// An answer in the making, between two passes of the language model: it is given logits, and says what the model is to read next.
///
/// Its samples or beams are branches behind one prompt. ``advance(_:_:)`` chooses for several answers at once, each by its own options; which others
/// there are changes nothing for any of them.
public final class AnswerWriter {
    public let options: DecodingOptions
    /// How many likeliest alternatives of each token are noted; not with beams.
    public let alternatives: Int
    /// What counts as said before its own tokens.
    let before: [Int]
    let endsAnswer: ((_ ids: [Int]) throws -> Bool)?
    let settings: LogitRules.Settings
    /// Where samples come from; several answers may share one, which are then drawn at once.
    let random: RandomStream?
    private var branches: Branches
    /// Steps that were chosen.
    public private(set) var written = 0
    public private(set) var isDone = false

    private enum Branches {
        case samples(SampleBranches)
        case beams(BeamBranches)
    }

    /// - Parameters:
    ///   - options: valid ones; see `DecodingOptions.validate`.
    ///   - before: ids that penalties count as said before the answer.
    ///   - endsAnswer: whether these ids end an answer, as a stop string does.
    ///   - random: of several answers that are drawn from one stream; nil makes one of the options' seed where samples are asked for.
    public init(
        _ options: DecodingOptions, before: [Int] = [], alternatives: Int = 0, endsAnswer: ((_ ids: [Int]) throws -> Bool)? = nil,
        random: RandomStream? = nil
    ) throws {
        self.options = options
        self.before = before
        self.alternatives = options.beams > 1 ? 0 : alternatives
        self.endsAnswer = endsAnswer
        self.random = try random ?? options.sampling.map { try RandomStream(seed: $0.seed) }
        settings = LogitRules.Settings(options)
        branches = options.beams > 1 ? .beams(BeamBranches(options)) : .samples(SampleBranches(count: options.returned))
    }

    /// Beams or samples: rows of logits that it takes at each step, and tokens that it gives.
    public var count: Int { options.beams > 1 ? options.beams : options.returned }

    /// Tokens that the model may be given in all.
    public var room: Int { options.maximumTokens * count }

    /// The tokens to read next, one of each branch. Samples that are complete, and answers that are done, go on with what they would have said.
    public var tokens: [Int] {
        switch branches {
        case .samples(let samples): samples.last
        case .beams(let beams): beams.last
        }
    }

    /// The numbers of the tokens that ``tokens`` follow; -1 is the prompt.
    public var parents: [Int] {
        switch branches {
        case .samples: written <= 1 ? Array(repeating: -1, count: count) : (0..<count).map { (written - 2) * count + $0 }
        case .beams(let beams): beams.parents
        }
    }

    /// The new tokens of the last step, one of each sample; nil for one that was complete before. Beams have no order to show.
    public var shown: [Int?] {
        if case .samples(let samples) = branches { samples.shown } else { [] }
    }

    /// Tokens of the last step: of samples that were open, or of all beams.
    public var newTokens: Int {
        if case .samples(let samples) = branches { samples.shown.count { $0 != nil } } else { count }
    }

    /// The answers: samples as they were drawn, or the best beams.
    public var rows: [TokenRow] {
        switch branches {
        case .samples(let samples): samples.rows
        case .beams(let beams): Array(beams.finished.prefix(options.returned))
        }
    }

    /// Of each sample and each of its tokens the likeliest ones, best first.
    public var likeliest: [[[(id: Int, logProbability: Double)]]] {
        if case .samples(let samples) = branches { samples.likeliest } else { [] }
    }

    /// What each branch has said, for penalties.
    var said: [[Int]] {
        switch branches {
        case .samples(let samples): samples.rows.map { before + $0.ids }
        case .beams(let beams): beams.running.map { before + $0.row.ids }
        }
    }

    /// Sums of scores so far, with beams.
    var scores: [Float] {
        if case .beams(let beams) = branches { beams.running.map(\.score) } else { [] }
    }

    func note(_ choice: TokenChoice.Sampled) throws {
        guard !isDone, case .samples(var samples) = branches else { return }
        try samples.note(choice, options, endsAnswer)
        branches = .samples(samples)
        written += 1
        isDone = samples.isComplete || written == options.maximumTokens
    }

    func note(_ candidates: TokenChoice.Candidates) throws {
        guard !isDone, case .beams(var beams) = branches else { return }
        try beams.note(candidates, step: written, options, endsAnswer)
        branches = .beams(beams)
        written += 1
        isDone = beams.isComplete || written == options.maximumTokens
    }
}

/// Greedy answers, and samples.
struct SampleBranches {
    private(set) var rows: [TokenRow]
    private(set) var likeliest: [[[(id: Int, logProbability: Double)]]]
    private(set) var shown: [Int?] = []
    /// What was chosen last, in complete samples too.
    private(set) var last: [Int] = []
    private var isOpen: [Bool]

    init(count: Int) {
        rows = Array(repeating: TokenRow(), count: count)
        likeliest = Array(repeating: [], count: count)
        isOpen = Array(repeating: true, count: count)
    }

    var isComplete: Bool { !isOpen.contains(true) }

    mutating func note(_ choice: TokenChoice.Sampled, _ options: DecodingOptions, _ endsAnswer: (([Int]) throws -> Bool)?) throws {
        last = choice.ids
        shown = zip(choice.ids, isOpen).map { $1 ? $0 : nil }
        for branch in rows.indices where isOpen[branch] {
            rows[branch].ids.append(choice.ids[branch])
            rows[branch].logProbabilities.append(Double(choice.likelihoods[branch]))
            rows[branch].score += Double(choice.likelihoods[branch])
            if !choice.likeliest.isEmpty { likeliest[branch].append(choice.likeliest[branch]) }
            if try options.stopIDs.contains(choice.ids[branch]) || endsAnswer?(rows[branch].ids) == true {
                rows[branch].finish = .stop
                isOpen[branch] = false
            }
        }
    }
}
