import BlipTensors

extension Tensor {
    /// [B, T, H·D] -> [B, H, T, D]
    func splitHeads(_ heads: Int) throws -> Tensor {
        try reshape([size(0), size(1), heads, size(2) / heads]).transpose(1, 2)
    }

    /// [B, H, T, D] -> [B, T, H·D]
    func joinHeads() throws -> Tensor {
        try transpose(1, 2).reshape([size(0), size(2), size(1) * size(3)])
    }
}
