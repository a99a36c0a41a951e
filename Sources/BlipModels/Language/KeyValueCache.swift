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
        let (added, headSize) = (newKeys.size(2), newKeys.size(3))
        guard length + added <= capacity else {
            throw TensorError.operation(
                name: "key-value cache", shapes: ["\(newKeys.shape)"],
                reason: "the answer outgrew the room of \(capacity) positions set aside for it")
        }
        let allKeys = try room(for: added, in: keys, like: newKeys, headSize)
        let allValues = try room(for: added, in: values, like: newValues, headSize)
        try allKeys.slice(2, length..<length + added).copy(from: newKeys)
        try allValues.slice(2, length..<length + added).copy(from: newValues)
        (keys, values) = (allKeys, allValues)
        length += added
        return (try allKeys.slice(2, 0..<length), try allValues.slice(2, 0..<length))
    }

    /// Forgets everything after the first `length` positions.
    func truncate(to length: Int) { self.length = min(self.length, length) }

    /// The memory so far if T more fit, else larger memory with the same content.
    private func room(for added: Int, in memory: Tensor?, like new: Tensor, _ headSize: Int) throws -> Tensor {
        if let memory, length + added <= memory.size(2) { return memory }
        let size = min(capacity, max(2 * (length + added), Self.firstSize))
        let larger = try Tensor.empty([new.size(0), new.size(1), size, headSize], new.dtype, on: new.device)
        if let memory { try larger.slice(2, 0..<length).copy(from: memory.slice(2, 0..<length)) }
        return larger
    }

    private static let firstSize = 2048
}
