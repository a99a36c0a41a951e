import BlipTensors

/// What a language model is prompted with: the soft tokens of the image, then the words.
public struct Prompt {
    public let embeddings: Tensor  // [B, N + T, D]
    /// True where a token is [B, N + T]; nil when nothing is padded.
    public let mask: Tensor?

    public init(embeddings: Tensor, mask: Tensor?) {
        self.embeddings = embeddings
        self.mask = mask
    }

    /// - Parameters:
    ///   - soft: [B, N, D], always seen.
    ///   - words: [B, T, D].
    ///   - mask: of the words.
    public init(_ soft: Tensor, then words: Tensor, mask: Tensor?) throws {
        embeddings = try Tensor.concatenate([soft.to(words.dtype), words], 1)
        self.mask = try mask.map { mask in
            try Tensor.concatenate([Tensor.ones([soft.size(0), soft.size(1)], .bool, on: mask.device), mask], 1)
        }
    }

    /// The positions of each row that hold a token. Padding may stand between the image and the words.
    func places() throws -> [[Int]] {
        guard let seen = try mask?.integers() else { return Array(repeating: Array(0..<length), count: batch) }
        return (0..<batch).map { row in (0..<length).filter { seen[row * length + $0] != 0 } }
    }

    public var batch: Int { embeddings.size(0) }
    public var length: Int { embeddings.size(1) }
}
