import BlipTensors
import Foundation

/// A tensor where it lies in a weight file, safetensors or pickled; nothing of it is read before it is asked for.
struct StoredTensor: Sendable {
    private enum Content: Sendable {
        case mapped(TensorBytes)
        case strided(PickledTensor)
    }

    /// Its name in the file.
    let name: String
    /// The file's path.
    let file: String
    let type: ElementType
    let shape: [Int]
    private let content: Content

    init(_ info: TensorInfo, in file: SafetensorsFile) throws {
        name = info.name
        self.file = file.path
        type = info.type
        shape = info.shape
        content = .mapped(try file.bytes(of: info.name))
    }

    init(_ name: String, _ tensor: PickledTensor) {
        self.name = name
        file = tensor.storage.owner.path
        type = tensor.type
        shape = tensor.shape
        content = tensor.bytes.map { .mapped($0) } ?? .strided(tensor)
    }

    var count: Int { shape.reduce(1, *) }

    /// The elements from the first one on, `size` at a time, each piece as a tensor of one dimension that lives only during `body`.
    func forEachPiece(of size: Int, _ body: (Tensor) throws -> Void) throws {
        guard let dtype = type.dtype, dtype.isFloatingPoint else {
            throw ConversionError.wrongType(tensor: name, file: file, found: type.rawValue)
        }
        try withBytes { bytes in
            let width = dtype.byteCount
            for start in stride(from: 0, to: bytes.count, by: size * width) {
                let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<min(bytes.count, start + size * width)])
                // Copied, because old files do not align their elements, and small.
                try body(Tensor.copying(bytes: piece, [piece.count / width], dtype))
                if case .mapped(let place) = content {
                    let first = place.range.lowerBound + start
                    place.owner.release(first..<first + piece.count)
                }
            }
        }
    }

    private func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        switch content {
        case .mapped(let bytes): try bytes.withBytes(body)
        case .strided(let tensor): try tensor.withBytes(body)
        }
    }

    /// All elements as float32; for small tensors.
    func floats() throws -> [Float] {
        var floats: [Float] = []
        try forEachPiece(of: max(1, count)) { floats += try $0.floats() }
        return floats
    }

    // MARK: Files

    /// All tensors of a checkpoint folder: from safetensors where there are any, else from `pytorch_model*.bin`.
    static func all(in folder: URL) throws -> [StoredTensor] {
        let names = [WeightFiles.singleName, WeightFiles.indexName]
        let hasSafetensors = names.contains { FileManager.default.fileExists(atPath: folder.appendingPathComponent($0).path) }
        if !hasSafetensors, TorchWeightFiles.exist(in: folder) {
            return try TorchWeightFiles(folder: folder).tensors.map { StoredTensor($0.name, $0.tensor) }
        }
        return try WeightFiles(folder: folder).files.flatMap { file in try file.infos.map { try StoredTensor($0, in: file) } }
    }

    /// Packed weights have lost digits; nothing else is made of them.
    static func refusePacked(_ tensors: [StoredTensor], in folder: URL) throws {
        let packed = tensors.first { tensor in PackedFormat.allCases.contains { tensor.name.hasSuffix(".weight.\($0.rawValue)") } }
        if let packed { throw ConversionError.alreadyPacked(folder: folder.path, tensor: packed.name) }
    }

    /// All tensors of a `.pth` file.
    static func all(of file: URL) throws -> [StoredTensor] {
        try TorchFile(file).stateDictionary().map { StoredTensor($0.name, $0.tensor) }
    }
}
