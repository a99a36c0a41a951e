import BlipTensors

/// Keys and values of one self-attention, written in place, in memory allocated once for an answer of ordinary length.
///
/// Where much more is allowed than is usually needed, the memory starts smaller and doubles.
final class KeyValueCache {
    private let capacity: Int
    private var keys: Tensor?  // [B, H, capacity, d]
    private var values: Tensor?
    private(set) var length = 0

    init(capacity: Int) { self.capacity = capacity }

    /// Appends [B, H, T, d] and gives everything so far [B, H, length, d], as views.
    func append(_ newKeys: Tensor, _ newValues: Tensor) throws -> (keys: Tensor, values: Tensor) {
        let added = newKeys.size(2)
        guard length + added <= capacity else { throw outgrown(newKeys) }
        let allKeys = try room(for: added, in: keys, shape: newKeys.shape, like: newKeys)
        let allValues = try room(for: added, in: values, shape: newKeys.shape, like: newValues)
        try allKeys.slice(2, length..<length + added).copy(from: newKeys)
        try allValues.slice(2, length..<length + added).copy(from: newValues)
        (keys, values) = (allKeys, allValues)
        length += added
        return (try allKeys.slice(2, 0..<length), try allValues.slice(2, 0..<length))
    }

    /// Appends and attends in one pass where that is possible: a few positions in float32 on the CPU, without gradients.
    ///
    /// - Parameters:
    ///   - queries: [B, T, H·d]; keys and values [B, T, K·d].
    ///   - headSize: d
    /// - Returns: [B, T, H·d]; nil where it is not possible, and nothing was appended.
    func step(
        _ queries: Tensor, _ newKeys: Tensor, _ newValues: Tensor, headSize: Int, angles: (cosines: Tensor, sines: Tensor)? = nil,
        mask: Tensor?, scale: Double
    ) throws -> Tensor? {
        let added = queries.size(1)
        guard added <= Self.stepSize, queries.dtype == .float32, queries.device == .cpu, !recordsGradients else { return nil }
        guard length + added <= capacity else { throw outgrown(newKeys) }
        let shape = [queries.size(0), newKeys.size(2) / headSize, added, headSize]
        let allKeys = try room(for: added, in: keys, shape: shape, like: newKeys)
        let allValues = try room(for: added, in: values, shape: shape, like: newValues)
        (keys, values) = (allKeys, allValues)
        let attended = try queries.attendStep(
            newKeys, newValues, angles: angles, cache: (allKeys, allValues), length: length, mask: mask, scale: scale)
        length += added
        return attended
    }

    /// More positions than this are better served by libtorch's attention.
    private static let stepSize = 16

    private func outgrown(_ newKeys: Tensor) -> TensorError {
        .operation(
            name: "key-value cache", shapes: ["\(newKeys.shape)"],
            reason: "the answer outgrew the room of \(capacity) positions set aside for it")
    }

    /// Forgets everything after the first `length` positions.
    func truncate(to length: Int) { self.length = min(self.length, length) }

    /// The memory so far if T more fit, else larger memory with the same content.
    private func room(for added: Int, in memory: Tensor?, shape: [Int], like new: Tensor) throws -> Tensor {
        if let memory, length + added <= memory.size(2) { return memory }
        let size = min(capacity, max(2 * (length + added), Self.firstSize))
        let larger = try Tensor.empty([shape[0], shape[1], size, shape[3]], new.dtype, on: new.device)
        if let memory { try larger.slice(2, 0..<length).copy(from: memory.slice(2, 0..<length)) }
        return larger
    }

    private static let firstSize = 2048
}
