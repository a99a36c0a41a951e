import BlipTensors
import Crypto
public import Foundation

/// What tells one model from another, wherever its folder lies: its config, and the beginning, the middle and the end of every tensor.
///
/// Reading the weights whole would take longer than many a question.
public struct ModelFingerprint: Sendable, Equatable {
    /// A hash, in hexadecimal digits.
    public let text: String

    /// - Parameter folder: a checkpoint, or low-rank changes of one.
    /// - Throws: what is wrong with a file.
    public init(folder: URL) throws {
        var hash = SHA256()
        for name in ["config.json", "adapter_config.json"] {
            let file = folder.appendingPathComponent(name)
            if FileManager.default.fileExists(atPath: file.path) { hash.update(data: try Data(contentsOf: file)) }
        }
        let adapter = folder.appendingPathComponent("adapter_model.safetensors")
        let files =
            FileManager.default.fileExists(atPath: adapter.path)
            ? [try SafetensorsFile(adapter)] : try WeightFiles(folder: folder).files
        for file in files {
            for info in file.infos {
                hash.update(data: Data("\(info.name) \(info.type.rawValue) \(info.shape)\n".utf8))
                try file.bytes(of: info.name).withBytes { for sample in Self.samples($0) { hash.update(bufferPointer: sample) } }
            }
        }
        text = hash.finalize().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// The beginning, the middle and the end of a tensor.
    static func samples(_ bytes: UnsafeRawBufferPointer) -> [UnsafeRawBufferPointer] {
        let size = 1024
        guard bytes.count > 3 * size else { return [bytes] }
        return [0, bytes.count / 2, bytes.count - size].map { UnsafeRawBufferPointer(rebasing: bytes[$0..<$0 + size]) }
    }
}
