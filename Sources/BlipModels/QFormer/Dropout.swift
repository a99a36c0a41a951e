import BlipTensors

/// What training leaves out at random, drawn from a stream of its own: the same stream leaves out the same.
public struct Dropout {
    /// Of what layers give.
    public let hidden: Double
    /// Of where attention looks.
    public let attention: Double
    private let stream: RandomStream

    public init(hidden: Double, attention: Double, _ stream: RandomStream) {
        (self.hidden, self.attention, self.stream) = (hidden, attention, stream)
    }

    func callAsFunction(_ x: Tensor) throws -> Tensor { hidden > 0 ? try x.dropout(hidden, stream) : x }

    /// Attention with dropout of its weights: as `Tensor.attention`, whose own draws from libtorch's global stream.
    func attend(_ queries: Tensor, _ keys: Tensor, _ values: Tensor, mask: Tensor?, scale: Double) throws -> Tensor {
        guard attention > 0 else { return try queries.attention(keys, values, mask: mask, scale: scale) }
        var scores = try queries.matmul(keys.transpose(2, 3)) * scale
        if let mask { scores = try scores.filling(mask.not(), with: -Double.infinity) }
        return try scores.softmax().dropout(attention, stream).matmul(values)
    }
}

extension Dropout? {
    /// Nothing is left out where there is none.
    func callAsFunction(_ x: Tensor) throws -> Tensor { try self.map { try $0(x) } ?? x }
}
