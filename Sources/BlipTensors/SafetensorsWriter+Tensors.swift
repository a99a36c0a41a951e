import Foundation

extension SafetensorsWriter {
    /// Writes tensors to one file, atomically.
    public static func write(_ tensors: [(name: String, tensor: Tensor)], to file: URL) throws {
        let layouts = tensors.map { TensorLayout(name: $0.name, type: $0.tensor.dtype.elementType, shape: $0.tensor.shape) }
        let byName = Dictionary(tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
        let writer = try SafetensorsWriter(file, tensors: layouts)
        for layout in writer.tensors {
            guard let tensor = byName[layout.name] else { continue }
            try tensor.withBytes { try writer.append($0, to: layout.name) }
        }
        try writer.finish()
    }
}

extension SafetensorsFile {
    /// One tensor, copied out of the file.
    public func tensor(_ name: String) throws -> Tensor {
        let bytes = try bytes(of: name)
        guard let info = info(of: name), let type = info.type.dtype else {
            throw TensorError.unsupportedType(operation: "reading \(name) from \(path)")
        }
        return try bytes.withBytes { try Tensor.copying(bytes: $0, info.shape, type) }
    }
}
