import BlipTensors

/// The image encoder and the Q-Former as steps of fixed shapes, which a CUDA device repeats as a whole.
///
/// Both are hundreds of small operations for one picture, and starting them takes longer than computing them.
final class FixedParts {
    /// Where parts are computed so: where the device can record, but for tests.
    var isWanted: (Device) -> Bool = WorkGraph.isAvailable
    private var steps: [[[Int]]: FixedStep] = [:]

    /// Each keeps the memory of its whole pass. Pictures come alone, or as many at once as there is room for, so that shapes are few.
    private static let mostShapes = 12

    /// Not while types change on the way, either: what is recorded knows inputs by their shapes.
    func areWanted(on device: Device) -> Bool { isWanted(device) && !recordsGradients && !Engine.isAutocasting(on: device) }

    /// What a part makes of inputs.
    ///
    /// - Parameters:
    ///   - part: tells parts apart whose inputs have the same shapes.
    ///   - body: reads nothing but the inputs and weights.
    func step(_ part: InstructBLIP.Stage, _ inputs: [Tensor], _ body: (_ inputs: [Tensor]) throws -> Tensor) throws -> Tensor {
        let key = [[InstructBLIP.Stage.allCases.firstIndex(of: part) ?? 0]] + inputs.map(\.shape)
        if steps[key] == nil, steps.count >= Self.mostShapes { steps = [:] }
        let step = try steps[key] ?? FixedStep(inputs)
        steps[key] = step
        return try step(inputs, body)
    }
}

extension InstructBLIP {
    /// The image encoder's output [R, P, V] for pictures [R, 3, H, W], before the norm behind it.
    func features(of pixels: Tensor, observe: Observer) throws -> Tensor {
        guard fixed.areWanted(on: pixels.device), observe.sawLayer == nil else {
            return try vision(pixels, observe: observe.sawLayer.map { saw in { try saw(.vision, $0) } })
        }
        return try fixed.step(.vision, [pixels]) { try vision($0[0]) }
    }

    /// What the Q-Former's queries found in pictures [R, N, Q].
    func queries(seeing look: Look, told instruction: TokenBatch?, dropout: Dropout?, observe: Observer) throws -> Tensor {
        guard fixed.areWanted(on: queryTokens.device), observe.sawLayer == nil, dropout == nil else {
            return try qformer(
                queryTokens, reading: look.reading, told: instruction, dropout: dropout,
                observe: observe.sawLayer.map { saw in { try saw(.qformer, $0) } })
        }
        // Instructions have many lengths; padding changes nothing.
        let told = try instruction?.padded(to: Self.lengths, atMost: config.qformer.positionCount)
        let words = told.map { [$0.ids] + ($0.mask.map { [$0] } ?? []) } ?? []
        let reading = look.reading
        return try fixed.step(.qformer, words + reading.tensors) { inputs in
            let told = words.isEmpty ? nil : TokenBatch(ids: inputs[0], mask: words.count > 1 ? inputs[1] : nil)
            return try qformer(queryTokens, reading: ImageReading(inputs[words.count...], reading.shape), told: told)
        }
    }

    /// What lengths of instructions are rounded up to.
    private static let lengths = 16
}

extension TokenBatch {
    /// Padded at the right to a multiple of a length, or as far as positions go.
    fileprivate func padded(to multiple: Int, atMost limit: Int) throws -> TokenBatch {
        let beyond = max(length, min(limit, (length + multiple - 1) / multiple * multiple)) - length
        let seen = try mask ?? Tensor.ones([batch, length], .bool, on: ids.device)
        return TokenBatch(
            ids: try Tensor.concatenate([ids, Tensor.zeros([batch, beyond], ids.dtype, on: ids.device)], 1),
            mask: try Tensor.concatenate([seen, Tensor.zeros([batch, beyond], .bool, on: ids.device)], 1))
    }
}

extension ImageReading {
    /// Keys and values of the layers that have any.
    fileprivate var tensors: [Tensor] { layers.compactMap(\.self).flatMap { [$0.keys, $0.values] } }

    /// Which layers those are.
    fileprivate var shape: [Bool] { layers.map { $0 != nil } }

    /// The inverse.
    fileprivate init(_ tensors: ArraySlice<Tensor>, _ shape: [Bool]) {
        var rest = tensors
        self.init(
            layers: shape.map { looks in
                guard looks, let keys = rest.popFirst(), let values = rest.popFirst() else { return nil }
                return (keys, values)
            })
    }
}
