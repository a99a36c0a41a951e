/// What a scheduler has done since it was made, and what it does now.
public struct ServingStatistics: Sendable, Equatable {
    /// Questions being answered now, and other work on the engine's thread.
    public var running = 0
    /// Questions in the queue now.
    public var waiting = 0
    /// Questions that came to an end, whatever it was.
    public var questions = 0
    /// Questions among them that ended in an error, or were given up.
    public var failures = 0
    /// Positions that the language model read before answers: pictures' and instructions'.
    public var promptTokens = 0
    /// New tokens, those of beams that were given up included.
    public var generatedTokens = 0
    /// Passes through the language model that made new tokens.
    public var steps = 0
    /// Answers and beams that took part in these passes, summed.
    public var rows = 0
    /// What was kept of pictures.
    public var pictureCache = PictureCache()

    /// Answers and beams that were computed together, in the mean.
    public var rowsPerStep: Double { steps == 0 ? 0 : Double(rows) / Double(steps) }

    /// Use of the memory of pictures seen.
    public struct PictureCache: Sendable, Equatable {
        /// Pictures that were asked for, and those among them that were kept.
        public var queries = 0
        public var hits = 0
        /// Memory in use.
        public var bytes = 0

        public init(queries: Int = 0, hits: Int = 0, bytes: Int = 0) { (self.queries, self.hits, self.bytes) = (queries, hits, bytes) }

        mutating func add(_ other: PictureCache) {
            queries += other.queries
            hits += other.hits
            bytes += other.bytes
        }
    }

    public init() {}
}
