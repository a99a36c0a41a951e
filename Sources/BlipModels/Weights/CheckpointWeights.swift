import BlipTensors
import Foundation

/// The weights of a checkpoint folder, handed to the layers one by one, each in the type and on the device asked for.
///
/// A tensor that is stored in the type asked for, and stays on the CPU, is a view of the mapped file: nothing is read until it is used.
/// After the model is built, ``finish()`` reports what nobody asked for.
public final class CheckpointWeights: WeightSource {
    /// Everything handed out so far, by name.
    public private(set) var loaded: [String: Tensor] = [:]

    private let files: WeightFiles
    private let precision: Precision
    private let device: Device
    private let progress: (_ loadedBytes: Int, _ totalBytes: Int) -> Void
    private var loadedBytes = 0
    private let totalBytes: Int

    public init(
        _ files: WeightFiles, precision: Precision, device: Device = .cpu,
        progress: @escaping (_ loadedBytes: Int, _ totalBytes: Int) -> Void = { _, _ in }
    ) {
        self.files = files
        self.precision = precision
        self.device = device
        self.progress = progress
        totalBytes = files.byteCount
    }

    public func has(_ name: String) -> Bool { files.find(name) != nil }

    public func tensor(_ name: String, _ shape: [Int]) throws -> Tensor {
        if let tensor = loaded[name] { return tensor }
        let info = try Self.info(of: name, shape, in: files)
        guard let stored = info.type.dtype, stored.isFloatingPoint else {
            throw WeightError.wrongType(name: name, place: files.folder.path, found: info.type.rawValue)
        }
        let bytes = try files.bytes(of: name)
        // libtorch needs aligned elements; the format does not promise them.
        let raw =
            info.isAligned
            ? try Tensor.borrowing(bytes.unsafeBytes, shape, stored, owner: bytes.owner)
            : try bytes.withBytes { try Tensor.copying(bytes: $0, shape, stored) }
        let tensor = try raw.to(precision.type(of: name)).to(device)
        loaded[name] = tensor
        loadedBytes += info.byteCount
        progress(loadedBytes, totalBytes)
        return tensor
    }

    /// - Throws: ``WeightError/unused(names:place:)`` with every tensor of the files that no layer asked for.
    public func finish() throws {
        try Self.checkUnused(files) { loaded[$0] != nil }
        progress(totalBytes, totalBytes)
    }

    /// Compares names and shapes with what a model calls for, without reading a weight.
    public static func check(_ files: WeightFiles, against shapes: [(name: String, shape: [Int])]) throws {
        for (name, shape) in shapes { _ = try info(of: name, shape, in: files) }
        let names = Set(shapes.map(\.name))
        try checkUnused(files, isUsed: names.contains)
    }

    private static func checkUnused(_ files: WeightFiles, isUsed: (String) -> Bool) throws {
        let unused = files.names.filter { !isUsed($0) && !isKnownLeftover($0) }.sorted()
        guard unused.isEmpty else { throw WeightError.unused(names: unused, place: files.folder.path) }
    }

    private static func info(of name: String, _ shape: [Int], in files: WeightFiles) throws -> TensorInfo {
        let place = files.folder.path
        guard let (_, info) = files.find(name) else { throw WeightError.missing(name: name, place: place) }
        guard info.shape == shape else { throw WeightError.wrongShape(name: name, place: place, expected: shape, found: info.shape) }
        return info
    }

    /// The first tensor with a NaN or an infinity, for explaining why an answer cannot be computed; reads everything.
    public func firstNotFinite() throws -> WeightError? {
        for (name, tensor) in loaded.sorted(by: { $0.key < $1.key }) {
            let finite = try tensor.isFinite().sum().integer()
            if finite < tensor.count { return .notFinite(name: name, place: files.folder.path, count: tensor.count - finite) }
        }
        return nil
    }

    /// Tensors that old uploads carry and no model needs: position counters, rotary tables, and copies of T5's shared embedding.
    public static func isKnownLeftover(_ name: String) -> Bool {
        name == "qformer.embeddings.position_ids"
            || name.hasSuffix(".rotary_emb.inv_freq")
            || name == "language_model.encoder.embed_tokens.weight"
            || name == "language_model.decoder.embed_tokens.weight"
            || name == "language_model.decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"
    }
}
