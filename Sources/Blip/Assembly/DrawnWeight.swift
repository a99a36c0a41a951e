import BlipTensors

/// A weight that no file brings, as PyTorch begins it.
struct DrawnWeight: Equatable {
    enum Kind: Equatable {
        case constant(Double)
        /// Normal, with mean 0.
        case normal(deviation: Double)
        /// Between -bound and bound.
        case uniform(bound: Double)
    }

    let kind: Kind
    /// Of this tensor alone: it is the same whatever else is drawn.
    let seed: UInt64

    /// What a new tensor of this name begins with.
    ///
    /// Projections and heads are linear layers as PyTorch makes them; norms pass values on; everything else is as BERT begins: biases of
    /// zero, the rest normal with deviation 0.02. Source: `torch.nn.Linear`; LAVIS `blip2.py` and `Qformer.py` (`_init_weights`).
    ///
    /// - Parameter width: the Q-Former's, which goes into every projection and head.
    init(_ name: String, width: Int, seed: UInt64) {
        self.seed = Self.seed(name, seed)
        let isBias = name.hasSuffix(".bias")
        if ["language_projection.", "vision_projection.", "text_projection.", "itm_head."].contains(where: name.hasPrefix) {
            kind = .uniform(bound: 1 / Double(width).squareRoot())
        } else if name.lowercased().contains("layernorm.") {
            kind = .constant(isBias ? 0 : 1)
        } else {
            kind = isBias ? .constant(0) : .normal(deviation: 0.02)
        }
    }

    /// 64-bit FNV-1a of the seed and the name.
    private static func seed(_ name: String, _ seed: UInt64) -> UInt64 {
        let bytes = withUnsafeBytes(of: seed.littleEndian) { Array($0) } + Array(name.utf8)
        return bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// `count` numbers, `size` at a time.
    func forEachPiece(of size: Int, count: Int, _ body: (Tensor) throws -> Void) throws {
        let random = try RandomStream(seed: seed)
        for start in stride(from: 0, to: count, by: size) {
            let shape = [min(size, count - start)]
            switch kind {
            case .constant(let value): try body(Tensor.full(shape, value))
            case .normal(let deviation): try body(random.normal(shape) * deviation)
            case .uniform(let bound): try body((random.uniform(shape) - 0.5) * (2 * bound))
            }
        }
    }
}
