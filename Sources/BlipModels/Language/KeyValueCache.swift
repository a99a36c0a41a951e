import BlipTensors

/// Keys and values of one self-attention, in memory allocated once for the whole answer and written in place.
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
        let shape = [newKeys.size(0), newKeys.size(1), capacity, headSize]
        let allKeys = try keys ?? Tensor.empty(shape, newKeys.dtype, on: newKeys.device)
        let allValues = try values ?? Tensor.empty(shape, newValues.dtype, on: newValues.device)
        try allKeys.slice(2, length..<length + added).copy(from: newKeys)
        try allValues.slice(2, length..<length + added).copy(from: newValues)
        (keys, values) = (allKeys, allValues)
        length += added
        return (try allKeys.slice(2, 0..<length), try allValues.slice(2, 0..<length))
    }
}
