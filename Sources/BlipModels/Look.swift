import BlipTensors

/// Pictures as the network sees them: what depends on the pictures alone.
public struct Look {
    /// The image encoder's output after the post layer norm [R, P, V].
    public let patches: Tensor
    /// The Q-Former's cross-attention keys and values over it.
    public let reading: ImageReading

    /// The number R of pictures.
    public var count: Int { patches.size(0) }

    public var byteCount: Int { patches.count * patches.dtype.byteCount + reading.byteCount }

    /// Several looks as one.
    public init(joining looks: [Look]) throws {
        patches = try Tensor.concatenate(looks.map(\.patches), 0)
        reading = try ImageReading(joining: looks.map(\.reading))
    }

    init(patches: Tensor, reading: ImageReading) {
        self.patches = patches
        self.reading = reading
    }

    /// One of the pictures.
    public func picture(_ index: Int) throws -> Look {
        Look(patches: try patches.slice(0, index..<index + 1), reading: try reading.picture(index))
    }
}
