import BlipTensors
import Foundation

extension WeightPlan {
    /// Elements converted at a time: memory stays small whatever the model's size.
    private static let pieceSize = 1 << 22

    /// Writes all tensors, piece by piece, shard by shard.
    ///
    /// - Throws: `CancellationError` when `isCancelled` says so between pieces; ``ConversionError/overflow(tensor:count:type:)``.
    /// - Returns: the bytes of all tensors.
    func write(
        to folder: URL, maximumShardBytes: Int, progress: @escaping (_ written: Int, _ total: Int) -> Void, isCancelled: () -> Bool
    ) throws -> Int {
        let writer = try ShardedSafetensorsWriter(
            folder: folder, tensors: entries.map(\.layout), maximumShardByteCount: maximumShardBytes, progress: progress)
        let origins = Dictionary(entries.map { ($0.layout.name, $0.origin) }, uniquingKeysWith: { first, _ in first })
        for layout in writer.tensors {
            guard let origin = origins[layout.name], let type = layout.type.dtype else { continue }
            try forEachPiece(layout, origin) { piece in
                if isCancelled() {
                    writer.abandon()
                    throw CancellationError()
                }
                let converted = try piece.to(type)
                try Self.checkRange(converted, piece, layout.name)
                try converted.withBytes { try writer.append($0, to: layout.name) }
            }
        }
        try writer.finish()
        return writer.byteCount
    }

    private func forEachPiece(_ layout: TensorLayout, _ origin: WeightOrigin, _ body: (Tensor) throws -> Void) throws {
        let count = layout.shape.reduce(1, *)
        switch origin {
        case .stored(let tensor): try tensor.forEachPiece(of: Self.pieceSize, body)
        case .rows(let tensor):
            var rest = count
            try tensor.forEachPiece(of: Self.pieceSize) { piece in
                let used = min(rest, piece.count)
                if used > 0 { try body(used == piece.count ? piece : piece.slice(0, 0..<used).contiguous()) }
                rest -= used
            }
            while rest > 0 {
                try body(Tensor.zeros([min(rest, Self.pieceSize)]))
                rest -= min(rest, Self.pieceSize)
            }
        case .drawn(let weight): try weight.forEachPiece(of: Self.pieceSize, count: count, body)
        case .widened(let tensor, let weight):
            try tensor.forEachPiece(of: Self.pieceSize, body)
            try weight.forEachPiece(of: Self.pieceSize, count: count - tensor.count, body)
        case .biases(let query, let value):
            // The plan saw to it that both are there.
            try query?.forEachPiece(of: Self.pieceSize, body)
            try body(Tensor.zeros([count / 3]))
            try value?.forEachPiece(of: Self.pieceSize, body)
        case .positions(let tensor):
            guard tensor.shape != layout.shape, let old = PositionGrid.side(ofRows: tensor.shape[1]),
                let side = PositionGrid.side(ofRows: layout.shape[1])
            else { return try tensor.forEachPiece(of: Self.pieceSize, body) }
            try body(Tensor.of(PositionGrid.resize(tensor.floats(), from: old, to: side, width: layout.shape[2])))
        }
    }

    /// A number that float16 cannot hold becomes infinity, and answers from such weights mean nothing. What was not finite before stays so:
    /// opening the checkpoint reports it.
    private static func checkRange(_ converted: Tensor, _ piece: Tensor, _ name: String) throws {
        guard converted.dtype == .float16, piece.dtype != .float16 else { return }
        let lost = try piece.isFinite().sum().integer() - converted.isFinite().sum().integer()
        if lost > 0 { throw ConversionError.overflow(tensor: name, count: lost, type: converted.dtype.rawValue) }
    }
}
