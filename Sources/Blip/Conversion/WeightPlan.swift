import BlipModels
import BlipTensors

/// Where one tensor of the new checkpoint comes from.
enum WeightOrigin {
    case stored(StoredTensor)
    /// Rows of a vocabulary: as many as the config has, the missing ones zero.
    case rows(StoredTensor)
    /// The fused bias: queries, zeros for the keys, values.
    case biases(query: StoredTensor?, value: StoredTensor?)
    /// Position embeddings, resized to the config's grid where they are for another one.
    case positions(StoredTensor)
    /// What no file brings.
    case drawn(DrawnWeight)
    /// Rows of a vocabulary, the missing ones drawn.
    case widened(StoredTensor, DrawnWeight)

    /// The name in the source file, for messages.
    var names: [String] {
        switch self {
        case .stored(let tensor), .rows(let tensor), .positions(let tensor), .widened(let tensor, _): [tensor.name]
        case .drawn: []
        case .biases(let query, let value): [query, value].compactMap { $0?.name }
        }
    }
}

/// Which tensors make up a new checkpoint: each name of the config with its origin, checked completely before anything is written.
struct WeightPlan {
    struct Entry {
        let layout: TensorLayout
        let origin: WeightOrigin
    }

    private(set) var entries: [Entry] = []
    /// What a user should know.
    private(set) var notes: [String]

    /// - Parameters:
    ///   - shapes: what the model calls for, in its order.
    ///   - origins: what there is, by the name in the new checkpoint.
    ///   - type: of the new tensor, by its name and the type it is stored in.
    /// - Throws: ``ConversionError/mismatch(missing:unused:misshapen:)`` with all names.
    init(
        _ shapes: [(name: String, shape: [Int])], _ origins: [String: WeightOrigin], notes: [String] = [],
        type: (_ name: String, _ stored: ElementType) -> ElementType
    ) throws {
        self.notes = notes
        var missing: [String] = []
        var misshapen: [String] = []
        for (name, shape) in shapes {
            guard let origin = origins[name] else {
                missing.append(name)
                continue
            }
            switch check(name, shape, origin) {
            case .fits(let stored):
                if let stored, stored.type.dtype?.isFloatingPoint != true {
                    throw ConversionError.wrongType(tensor: stored.name, file: stored.file, found: stored.type.rawValue)
                }
                let layout = TensorLayout(name: name, type: type(name, stored?.type ?? .float32), shape: shape)
                entries.append(Entry(layout: layout, origin: origin))
            case .incomplete(let part): missing.append(part)
            case .misshapen(let found): misshapen.append("\(name) \(found) for \(shape)")
            }
        }
        let names = Set(shapes.map(\.name))
        let unused = origins.filter { !names.contains($0.key) && !CheckpointWeights.isKnownLeftover($0.key) }
        guard missing.isEmpty, misshapen.isEmpty, unused.isEmpty else {
            throw ConversionError.mismatch(missing: missing, unused: unused.flatMap(\.value.names).sorted(), misshapen: misshapen)
        }
    }

    private enum Verdict {
        /// Nil where the tensor is drawn.
        case fits(StoredTensor?)
        case incomplete(String)
        case misshapen([Int])
    }

    private mutating func check(_ name: String, _ shape: [Int], _ origin: WeightOrigin) -> Verdict {
        switch origin {
        case .stored(let tensor): return tensor.shape == shape ? .fits(tensor) : .misshapen(tensor.shape)
        case .drawn: return .fits(nil)
        case .widened(let tensor, _):
            let isNarrower =
                tensor.shape.count == shape.count && tensor.shape.dropFirst() == shape.dropFirst() && tensor.shape[0] <= shape[0]
            return isNarrower ? .fits(tensor) : .misshapen(tensor.shape)
        case .rows(let tensor):
            guard tensor.shape.count == shape.count, tensor.shape.dropFirst() == shape.dropFirst() else { return .misshapen(tensor.shape) }
            if tensor.shape[0] < shape[0] {
                notes.append(
                    "\(name) had \(tensor.shape[0]) rows, and \(shape[0] - tensor.shape[0]) rows of zeros were added for new tokens")
            } else if tensor.shape[0] > shape[0] {
                notes.append(
                    "\(name) had \(tensor.shape[0]) rows; the last \(tensor.shape[0] - shape[0]), beyond the config's, were cut off")
            }
            return .fits(tensor)
        case .biases(let query, let value):
            guard let query, let value else {
                return .incomplete("\(name) (its \(query == nil ? "q_bias" : "v_bias"))")
            }
            for part in [query, value] where part.shape != [(shape.first ?? 0) / 3] { return .misshapen(part.shape) }
            return .fits(query)
        case .positions(let tensor):
            guard tensor.shape != shape else { return .fits(tensor) }
            guard tensor.shape.count == 3, tensor.shape[0] == 1, tensor.shape[2] == shape[2],
                let old = PositionGrid.side(ofRows: tensor.shape[1]), let new = PositionGrid.side(ofRows: shape[1])
            else { return .misshapen(tensor.shape) }
            notes.append("position embeddings of \(old) x \(old) patches were resized to \(new) x \(new)")
            return .fits(tensor)
        }
    }
}
