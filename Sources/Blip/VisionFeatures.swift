import BlipModels
import BlipTensors
import Crypto
import Foundation

/// What the frozen image encoder made of one picture, before the post layer norm: plain bytes, which may travel between threads.
public struct VisionFeatures: Sendable, Equatable {
    /// [1, P, V]
    public let shape: [Int]
    public let dtype: DType
    /// Row by row, little end first.
    let bytes: [UInt8]

    /// - Parameter features: [1, P, V]
    init(_ features: Tensor) throws {
        (shape, dtype) = (features.shape, features.dtype)
        bytes = try features.withBytes { Array($0) }
    }

    public func tensor(on device: Device) throws -> Tensor {
        try bytes.withUnsafeBytes { try Tensor.copying(bytes: $0, shape, dtype) }.to(device)
    }

    // MARK: In a file

    private static let (name, seal) = ("features", "sha256")

    struct Damage: Error, CustomStringConvertible {
        let description: String
    }

    /// - Throws: ``Damage`` or ``SafetensorsError`` for a file that is not what was written.
    init(_ file: URL, shape: [Int]) throws {
        let stored = try SafetensorsFile(file)
        guard stored.infos.count == 2, let info = stored.info(of: Self.name), info.shape == shape, let type = info.type.dtype else {
            throw Damage(description: "its tensors are others")
        }
        (self.shape, dtype) = (shape, type)
        bytes = try stored.bytes(of: Self.name).withBytes { Array($0) }
        let found = try stored.bytes(of: Self.seal).withBytes { Array($0) }
        guard found == Self.digest(bytes, shape, type) else { throw Damage(description: "its content is not what was written") }
    }

    /// What is damaged after a power cut is found by its seal and made again, so nobody waits for the disk.
    func write(to file: URL) throws {
        let seal = Self.digest(bytes, shape, dtype)
        let writer = try SafetensorsWriter(
            file,
            tensors: [
                TensorLayout(name: Self.name, type: dtype.elementType, shape: shape),
                TensorLayout(name: Self.seal, type: .uint8, shape: [seal.count]),
            ], order: .asGiven)
        try writer.append(bytes, to: Self.name)
        try writer.append(seal, to: Self.seal)
        try writer.finish(durably: false)
    }

    private static func digest(_ bytes: [UInt8], _ shape: [Int], _ type: DType) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: Data("\(type.rawValue) \(shape)\n".utf8))
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return Array(hash.finalize())
    }
}
