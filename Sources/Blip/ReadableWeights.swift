import BlipModels
import BlipTensors

/// Weights on their way into a network, the large ones of which are kept in view: reading them tells how fast memory is.
///
/// A buffer of its own would either take memory that is not the model's, or come out of the caches in part when it is read once more: 128 MB are read a
/// tenth faster than two gigabytes where the last cache has 32.
final class ReadableWeights: WeightSource {
    private let source: any WeightSource
    private var large: [Tensor] = []
    private var next = 0

    /// In smaller ones beginning and end of a reading weigh too much.
    private static let least = 2 << 20
    /// Many times the largest caches.
    static let span = 1 << 30

    init(_ source: any WeightSource) { self.source = source }

    func has(_ name: String) -> Bool { source.has(name) }

    func tensor(_ name: String, _ shape: [Int]) throws -> Tensor {
        let tensor = try source.tensor(name, shape)
        keep(tensor)
        return tensor
    }

    func matrix(_ name: String, _ shape: [Int]) throws -> Matrix {
        let matrix = try source.matrix(name, shape)
        switch matrix {
        case .packed(let packed): keep(packed.bytes)
        case .dense(let dense): keep(dense)
        case .int4, .adapted: break
        }
        return matrix
    }

    func table(_ name: String, _ shape: [Int]) throws -> Table { try source.table(name, shape) }

    private func keep(_ tensor: Tensor) {
        if tensor.device == .cpu, tensor.count * tensor.dtype.byteCount >= Self.least { large.append(tensor) }
    }

    /// Bytes per second at which about a gigabyte of them is read, another one each time; nil where there is less than that.
    func readingRate() -> Double? {
        guard large.reduce(0, { $0 + $1.count * $1.dtype.byteCount }) >= Self.span else { return nil }
        var (bytes, seconds) = (0.0, 0.0)
        while bytes < Double(Self.span) {
            let tensor = large[next % large.count]
            next += 1
            let size = Double(tensor.count * tensor.dtype.byteCount)
            seconds += size / Kernels.measureReading(tensor)
            bytes += size
        }
        return bytes / seconds
    }
}
