import BlipTensors

/// Keys and values of one self-attention, written in place, in memory allocated once for an answer of ordinary length.
///
/// Where much more is allowed than is usually needed, the memory starts smaller and doubles.
final class KeyValueCache: AttentionCache {
    private let capacity: Int
    private let firstSize: Int
    private let isCleared: Bool
    private var keys: Tensor?  // [B, K, capacity, d]
    private var values: Tensor?
    private(set) var length = 0

    /// - Parameters:
    ///   - firstSize: positions that memory is made for at first.
    ///   - isCleared: memory begins as zeros, for steps that look at more than was written and mask the rest.
    init(capacity: Int, firstSize: Int = 2048, isCleared: Bool = false) {
        self.capacity = capacity
        self.firstSize = firstSize
        self.isCleared = isCleared
    }

    /// Appends [B, K, T, d] and gives everything so far [B, K, length, d], as views.
    func append(_ newKeys: Tensor, _ newValues: Tensor) throws -> (keys: Tensor, values: Tensor) {
        let added = newKeys.size(2)
        let memory = try reserve(newKeys.shape, like: newKeys)
        try memory.keys.slice(2, length..<length + added).copy(from: newKeys)
        try memory.values.slice(2, length..<length + added).copy(from: newValues)
        length += added
        return (try memory.keys.slice(2, 0..<length), try memory.values.slice(2, 0..<length))
    }

    func attend(_ attention: SelfAttention, mask: Tensor?, causal: Bool) throws -> Tensor {
        if !causal, let attended = try step(attention, mask: mask) { return attended }
        return try attention.plain(mask: mask, causal: causal) { try append($0, $1) }
    }

    /// Appends and attends in one pass where that is possible: a few positions in float32 on the CPU, without gradients.
    ///
    /// - Returns: nil where it is not possible, and nothing was appended.
    private func step(_ attention: SelfAttention, mask: Tensor?) throws -> Tensor? {
        let added = attention.queries.size(1)
        guard added <= Self.stepSize, attention.hasKernels else { return nil }
        let shape = [attention.queries.size(0), attention.keys.size(2) / attention.headSize, added, attention.headSize]
        let attended = try attention.queries.attendStep(
            attention.keys, attention.values, angles: attention.angles.map { ($0.cosines, $0.sines) },
            cache: reserve(shape, like: attention.keys), length: length, mask: mask, scale: attention.scale)
        length += added
        return attended
    }

    /// More positions than this are better served by libtorch's attention.
    private static let stepSize = 16

    /// Memory [B, K, capacity, d] with what there is, and room for more of a shape [B, K, T, d].
    func reserve(_ shape: [Int], like new: Tensor) throws -> (keys: Tensor, values: Tensor) {
        guard length + shape[2] <= capacity else {
            throw TensorError.operation(
                name: "key-value cache", shapes: ["\(shape)"],
                reason: "the answer outgrew the room of \(capacity) positions set aside for it")
        }
        let memory = (try room(shape, in: keys, like: new), try room(shape, in: values, like: new))
        (keys, values) = memory
        return memory
    }

    /// The memory so far, or larger memory, with room for `added` more positions; nil before anything was kept.
    func grow(by added: Int) throws -> (keys: Tensor, values: Tensor)? {
        guard let keys else { return nil }
        return try reserve([keys.size(0), keys.size(1), added, keys.size(3)], like: keys)
    }

    /// Counts positions that somebody wrote behind the others.
    func advance(by count: Int) { length += count }

    /// Forgets everything after the first `length` positions.
    func truncate(to length: Int) { self.length = min(self.length, length) }

    /// Forgets everything, so that nothing of it is left in the memory either.
    func clear() throws {
        for memory in [keys, values].compactMap(\.self) {
            try memory.copy(from: Tensor.zeros([1, 1, 1, 1], memory.dtype, on: memory.device).expand(memory.shape))
        }
        length = 0
    }

    /// The memory so far if T more fit, else larger memory with the same content.
    private func room(_ shape: [Int], in memory: Tensor?, like new: Tensor) throws -> Tensor {
        let needed = length + shape[2]
        if let memory, needed <= memory.size(2) { return memory }
        let size = min(capacity, max(2 * needed, firstSize))
        let wanted = [shape[0], shape[1], size, shape[3]]
        let larger = try isCleared ? Tensor.zeros(wanted, new.dtype, on: new.device) : Tensor.empty(wanted, new.dtype, on: new.device)
        if let memory { try larger.slice(2, 0..<length).copy(from: memory.slice(2, 0..<length)) }
        return larger
    }
}

extension KeyValueCache {
    /// One row's cache, of its own memory: what all rows keep goes with the last of them otherwise.
    ///
    /// - Parameters:
    ///   - places: the positions that are not padding.
    ///   - room: further positions that the row may have.
    func row(_ row: Int, _ places: [Int], room: Int) throws -> KeyValueCache {
        let result = KeyValueCache(capacity: places.count + room, firstSize: places.count + Self.firstRoom)
        guard let keys, let values else { return result }
        _ = try result.append(keys.row(row, places), values.row(row, places))
        return result
    }

    /// Further positions of one row that memory is made for at first.
    private static let firstRoom = 64
}

extension SelfAttention {
    /// Whether there are kernels for a step.
    var hasKernels: Bool { queries.dtype == .float32 && queries.device == .cpu && !recordsGradients }
}

extension Tensor {
    /// One row [1, H, places, d] of [B, H, T, d], without the positions that are padding.
    func row(_ row: Int, _ places: [Int]) throws -> Tensor {
        let whole = try slice(0, row..<row + 1)
        return places.count == size(2) ? whole : try whole.selecting(Tensor.of(places).to(device), 2)
    }
}
