/// What a conversion made.
public struct ConversionReport: Sendable, Equatable {
    public let tensors: Int
    /// Bytes of all tensors.
    public let bytes: Int
    /// What a user should know: rows added, embeddings resized, tensors left out.
    public let notes: [String]
}
