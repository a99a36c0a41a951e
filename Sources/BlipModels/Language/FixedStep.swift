import BlipTensors
import Foundation

/// One step of writing, again and again with the same shapes in the same memory, so that a CUDA device can repeat it as a whole.
///
/// Elsewhere it is computed anew each time, to the same numbers.
final class FixedStep {
    private let inputs: [Tensor]
    private var runs = 0
    private var canBeRecorded = true
    private var recorded: (graph: WorkGraph, output: Tensor)?

    /// To record takes about as long as a few steps, and most answers are short.
    private static let runsBefore = 3

    /// - Parameter inputs: of the shapes and types that all will have, and on the device.
    init(_ inputs: [Tensor]) throws { self.inputs = try inputs.map { try $0.clone() } }

    /// What the body makes of other inputs.
    ///
    /// - Parameter body: the same each time, and reads nothing else that changes. It is not kept: it may hold whoever keeps this step.
    func callAsFunction(_ values: [Tensor], _ body: (_ inputs: [Tensor]) throws -> Tensor) throws -> Tensor {
        for (input, value) in zip(inputs, values) { try input.copy(from: value) }
        guard let device = inputs.first?.device, WorkGraph.isAvailable(on: device), runs >= Self.runsBefore, canBeRecorded else {
            runs += 1
            return try body(inputs)
        }
        if recorded == nil {
            do {
                var output: Tensor?
                let graph = try WorkGraph(on: device) { output = try body(inputs) }
                recorded = output.map { (graph, $0) }
            } catch {
                // It can be computed all the same, only more slowly. If the step itself is what is wrong, it fails again below.
                canBeRecorded = false
                let note = "note: a step cannot be recorded on \(device) and is computed piece by piece: \(error)\n"
                FileHandle.standardError.write(Data(note.utf8))
            }
        }
        guard let (graph, output) = recorded else { return try body(inputs) }
        try graph.repeat()
        // The next step overwrites it.
        return try output.clone()
    }
}

/// The fixed steps of an answer, and then of the next one: one for each set of shapes that a step has.
///
/// The number of positions looked at is rounded up, so that they are few. What is beyond the last position is masked.
final class FixedSteps {
    let caches: [KeyValueCache]
    private let rows, capacity: Int
    /// What every step of an answer reads, and the next answer changes.
    private let constants: [Tensor]
    private var steps: [[[Int]]: FixedStep] = [:]
    private var size = 0

    /// Positions by which the number looked at grows.
    static let grain = 128

    /// - Parameters:
    ///   - layers: that keep keys and values.
    ///   - capacity: positions that a row may have.
    ///   - constants: what every step of an answer reads beside them.
    init(layers: Int, rows: Int, capacity: Int, constants: [Tensor]) throws {
        // Rounded, so that it serves more answers.
        let capacity = (capacity + Self.grain - 1) / Self.grain * Self.grain
        caches = (0..<layers).map { _ in KeyValueCache(capacity: capacity, isCleared: true) }
        (self.rows, self.capacity) = (rows, capacity)
        self.constants = try constants.map { try $0.clone() }
    }

    /// Makes them those of another answer.
    ///
    /// - Returns: false where its shapes are others.
    func begin(rows: Int, capacity: Int, constants: [Tensor]) throws -> Bool {
        guard rows == self.rows, capacity <= self.capacity, constants.map(\.shape) == self.constants.map(\.shape) else { return false }
        for (old, new) in zip(self.constants, constants) { try old.copy(from: new) }
        return true
    }

    /// Computes a step and counts its positions.
    ///
    /// - Parameters:
    ///   - added: tokens of each row.
    ///   - inputs: what changes from step to step, given how many positions are looked at; on the device. The first are the places [added] in the
    ///     caches that are written.
    ///   - body: computes the step of such inputs, with caches that write at the places, and of the constants.
    func step(
        adding added: Int, inputs: (_ seen: Int) throws -> [Tensor],
        _ body: (_ inputs: [Tensor], _ caches: [any AttentionCache], _ constants: [Tensor]) throws -> Tensor
    ) throws -> Tensor {
        let memories = try caches.compactMap { try $0.grow(by: added) }
        guard memories.count == caches.count, let length = caches.first?.length, let room = memories.first?.keys.size(2) else {
            throw TensorError.operation(
                name: "fixed step", shapes: [], reason: "nothing was read before it, so that there is no memory yet")
        }
        // Larger memory is other memory.
        if room != size { (steps, size) = ([:], room) }
        let needed = length + added
        let seen = min(room, (needed + Self.grain - 1) / Self.grain * Self.grain)
        let values = try inputs(seen)
        let shapes = values.map(\.shape) + [[seen]]
        let step = try steps[shapes] ?? FixedStep(values)
        steps[shapes] = step
        let result = try step(values) { inputs in
            try body(inputs, memories.map { FixedCache(keys: $0.keys, values: $0.values, seen: seen, places: inputs[0]) }, constants)
        }
        for cache in caches { cache.advance(by: added) }
        return result
    }
}

/// The fixed steps of a model's last answer, for the next one of the same shapes: what was recorded serves it too.
///
/// Those of one answer at most: their memory is that of its keys and values.
final class StepShelf {
    private var kept: FixedSteps?

    /// - Parameters: as of ``FixedSteps/init(layers:rows:capacity:constants:)``.
    func take(layers: Int, rows: Int, capacity: Int, constants: [Tensor] = []) throws -> FixedSteps {
        let last = kept
        kept = nil
        if let last, try last.begin(rows: rows, capacity: capacity, constants: constants) { return last }
        return try FixedSteps(layers: layers, rows: rows, capacity: capacity, constants: constants)
    }

    func putBack(_ steps: FixedSteps) {
        // What an answer that failed left behind may be no numbers, which masks do not hide. Memory that cannot be cleared is not kept.
        do { for cache in steps.caches { try cache.clear() } } catch { return }
        kept = steps
    }
}

/// Keys and values that are written at places a tensor tells, and looked at up to a fixed one.
private final class FixedCache: AttentionCache {
    let keys, values: Tensor  // [B, K, room, d]
    let seen: Int
    let places: Tensor  // [T]

    init(keys: Tensor, values: Tensor, seen: Int, places: Tensor) {
        (self.keys, self.values, self.seen, self.places) = (keys, values, seen, places)
    }

    func attend(_ attention: SelfAttention, mask: Tensor?, causal: Bool) throws -> Tensor {
        try attention.plain(mask: mask, causal: false) { newKeys, newValues in
            try keys.put(newKeys, at: places, 2)
            try values.put(newValues, at: places, 2)
            return (try keys.slice(2, 0..<seen), try values.slice(2, 0..<seen))
        }
    }
}
