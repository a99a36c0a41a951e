import BlipImages

/// One question to a model that is served.
public struct ServedQuestion: Sendable {
    /// Decoded outside the engine's thread; several are read as frames of one clip. None: the language model is asked alone.
    public var pictures: [RGBImage]
    public var instruction: String
    /// Beams, samples and how many of them are returned, what ends an answer.
    public var options: AnswerOptions
    /// When nobody waits for the answer any more; nil waits for ever.
    public var deadline: ContinuousClock.Instant?
    /// So many likeliest alternatives of every token are reported, the token itself among them where it is one; 0 is none. Not with beams.
    public var alternatives: Int = 0

    public init(
        pictures: [RGBImage], instruction: String, options: AnswerOptions = AnswerOptions(), deadline: ContinuousClock.Instant? = nil
    ) {
        self.pictures = pictures
        self.instruction = instruction
        self.options = options
        self.deadline = deadline
    }
}

/// What happens to a question that is served, in this order.
public enum AnswerEvent: Sendable {
    /// The question left the queue, after so many seconds.
    case began(waited: Double)
    /// What a new token adds to the text of one of the answers (`sequence` counts from 0); not with beams, whose text comes whole in `answer`.
    case piece(sequence: Int, text: String)
    /// The end: the whole answer. Nothing follows.
    ///
    /// Several samples stand in it best first, as everywhere; ``Answer/Sequence/number`` is what `piece` called each.
    case answer(Answer)
}
