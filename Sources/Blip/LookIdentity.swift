import BlipImages
import BlipModels
import BlipTensors
import Crypto
import Foundation

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What a look depends on besides the picture: the weights of image encoder and Q-Former, their config, and how they are computed. Of the
/// frozen encoder's output, only the encoder's.
///
/// Weights are known by their files (name, size, times of change, number in the file system, header) and by samples of every tensor that
/// counts. Reading them whole would take longer than looking at a picture.
struct LookIdentity: Sendable {
    let config: InstructBLIPConfig
    let device: Device
    /// A hash of all this.
    let bytes: [UInt8]

    /// What is kept of a picture: everything that depends on it alone, or the part of it that no training changes.
    enum Content { case look, features }

    /// - Throws: what is wrong with a file.
    init(
        _ files: WeightFiles, _ config: InstructBLIPConfig, dtype: DType, quantization: Quantization? = nil, device: Device,
        of content: Content = .look
    ) throws {
        var hash = SHA256()
        func add(_ text: String) { hash.update(data: Data("\(text)\n".utf8)) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        // Of a changed way to compute, the number is another one.
        add(
            "\(content) 1 \(dtype.rawValue) \(quantization.map { "\($0)" } ?? "as stored") \(device) \(Engine.version) \(config.architecture.rawValue)"
        )
        hash.update(data: try encoder.encode(config.vision))
        if content == .look { hash.update(data: try encoder.encode(config.qformer)) }
        for file in files.files {
            let counted = file.infos.filter { Self.counts($0.name, content) }
            // A shard of the language model alone does not matter.
            guard !counted.isEmpty else { continue }
            add(try Self.state(file.path))
            for info in counted {
                add("\(info.name) \(info.type.rawValue) \(info.shape) \(info.byteRange.lowerBound)")
                try file.bytes(of: info.name).withBytes {
                    for sample in ModelFingerprint.samples($0) { hash.update(bufferPointer: sample) }
                }
            }
        }
        self.config = config
        self.device = device
        bytes = Array(hash.finalize())
    }

    /// Weights that it is made with.
    private static func counts(_ name: String, _ content: Content) -> Bool {
        switch content {
        case .look: ["vision_model.", "qformer."].contains { name.hasPrefix($0) }
        case .features: name.hasPrefix("vision_model.") && !name.hasPrefix("vision_model.post_layernorm.")
        }
    }

    /// What changes with a file: another file, or another content, has another state.
    private static func state(_ path: String) throws -> String {
        var status = stat()
        guard stat(path, &status) == 0 else { throw SafetensorsError.system(operation: "open", path: path, code: errno) }
        #if canImport(Darwin)
            let (changed, written) = (status.st_ctimespec, status.st_mtimespec)
        #else
            let (changed, written) = (status.st_ctim, status.st_mtim)
        #endif
        let times = [changed.tv_sec, changed.tv_nsec, written.tv_sec, written.tv_nsec].map { "\($0)" }.joined(separator: " ")
        return "\((path as NSString).lastPathComponent) \(status.st_ino) \(status.st_size) \(times)"
    }

    /// The name of the entry for a picture: a hash, in hexadecimal digits.
    func name(of planes: PixelPlanes) -> String {
        var hash = SHA256()
        hash.update(data: Data(bytes))
        hash.update(data: Data("\(planes.height) \(planes.width)\n".utf8))
        planes.values.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash.finalize().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
