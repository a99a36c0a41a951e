import BlipTensors

/// Word embeddings [vocabulary, D]: rows looked up one by one, so they stay as they are stored and only what is looked up is converted.
public struct Table {
    let stored: Tensor
    /// What comes out.
    public let type: DType

    public init(_ stored: Tensor, as type: DType) {
        self.stored = stored
        self.type = type
    }

    public var device: Device { stored.device }

    /// ids [...] -> [..., D]
    public func callAsFunction(_ ids: Tensor) throws -> Tensor { try stored.embedding(ids).to(type) }
}
