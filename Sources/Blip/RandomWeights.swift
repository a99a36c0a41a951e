import BlipModels
import BlipTensors

/// Random weights made in the form in which they are used, packed ones included, so that a model of any size can be measured without files.
final class RandomWeights: WeightSource {
    private let precision: Precision
    private let quantization: Quantization?
    private let device: Device
    private let absent: Set<String>
    private var seed: UInt64 = 0
    /// Bytes in memory.
    private(set) var byteCount = 0

    /// - Parameter absent: names the model should do without, as a tied output head.
    init(_ precision: Precision, _ quantization: Quantization?, absent: Set<String>, on device: Device = .cpu) {
        self.precision = precision
        self.device = device
        self.quantization = quantization
        self.absent = absent
    }

    func has(_ name: String) -> Bool { !absent.contains(name) }

    /// As ``CheckpointCreator`` draws them: norms pass values on, biases add nothing, everything else is small and random.
    func tensor(_ name: String, _ shape: [Int]) throws -> Tensor {
        let type = precision.type(of: name)
        byteCount += shape.reduce(1, *) * type.byteCount
        if name.hasSuffix(".bias") { return try Tensor.zeros(shape, type, on: device) }
        if shape.count == 1 { return try Tensor.ones(shape, type, on: device) }
        return try Tensor.randomWeights(shape, type, deviation: 0.02, seed: nextSeed()).to(device)
    }

    func matrix(_ name: String, _ shape: [Int]) throws -> Matrix {
        guard let format = quantization?.format(of: name, shape) else { return .dense(try tensor(name, shape)) }
        let matrix = try PackedMatrix(randomRows: shape[0], columns: shape[1], as: format, deviation: 0.02, seed: nextSeed())
        let placed = try Matrix.packed(matrix, computing: precision.type(of: name), on: device)
        switch placed {
        case .dense(let tensor): byteCount += tensor.count * tensor.dtype.byteCount
        case .int4(let int4): byteCount += int4.byteCount
        case .packed, .adapted: byteCount += matrix.bytes.count
        }
        return placed
    }

    /// Word embeddings of a packed checkpoint are stored in half precision.
    func table(_ name: String, _ shape: [Int]) throws -> Table {
        let type = precision.type(of: name)
        let stored: DType = quantization == nil ? type : .bfloat16
        byteCount += shape.reduce(1, *) * stored.byteCount
        return Table(try Tensor.randomWeights(shape, stored, deviation: 0.02, seed: nextSeed()).to(device), as: type)
    }

    private func nextSeed() -> UInt64 {
        seed += 1
        return seed
    }
}
