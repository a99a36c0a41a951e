import BlipTensors
import Foundation

/// The weights of a checkpoint folder, handed to the layers one by one, each in the type and on the device asked for.
///
/// A tensor that is stored in the type asked for, and stays on the CPU, is a view of the mapped file: nothing is read until it is used.
/// After the model is built, ``finish()`` reports what nobody asked for.
public final class CheckpointWeights: WeightSource {
    private var tensors: [String: Tensor] = [:]
    private var tables: [String: Table] = [:]
    /// By the names under which they are stored.
    private var packed: [String: PackedMatrix] = [:]
    private var int4: [String: Int4Matrix] = [:]
    /// Names as stored in the files.
    private var used: Set<String> = []

    private let files: WeightFiles
    private let precision: Precision
    private let quantization: Quantization?
    private let device: Device
    private let isTrained: (String) -> Bool
    private let adapters: Adapters?
    private let progress: (_ loadedBytes: Int, _ totalBytes: Int) -> Void
    private var loadedBytes = 0
    /// Read for packing since memory was last given back.
    private var packedBytes = 0
    private let totalBytes: Int

    /// - Parameters:
    ///   - quantization: packs matrices as they are handed out; those that are packed in the files stay what they are. On another device than
    ///     the CPU they are then what ``Matrix/packed(_:computing:on:)`` makes of them.
    ///   - isTrained: names of tensors that are going to change: they are copies, dense, and gather gradients.
    ///   - adapters: changes of matrices, beside the files.
    public init(
        _ files: WeightFiles, precision: Precision, quantization: Quantization? = nil, device: Device = .cpu,
        isTrained: @escaping (String) -> Bool = { _ in false }, adapters: Adapters? = nil,
        progress: @escaping (_ loadedBytes: Int, _ totalBytes: Int) -> Void = { _, _ in }
    ) {
        self.files = files
        self.precision = precision
        self.quantization = quantization
        self.device = device
        self.isTrained = isTrained
        self.adapters = adapters
        self.progress = progress
        totalBytes = files.byteCount
    }

    /// Every tensor handed out so far, by name, in the form it has in memory; packed matrices are not among them.
    public var loaded: [String: Tensor] { tensors.merging(tables.mapValues(\.stored)) { tensor, _ in tensor } }

    /// Bytes of everything handed out, mapped or not.
    public var memoryBytes: Int {
        let dense = loaded.values.map { $0.count * $0.dtype.byteCount }.reduce(0, +)
        return dense + packed.values.map(\.bytes.count).reduce(0, +) + int4.values.map(\.byteCount).reduce(0, +)
    }

    /// Numbers of a part, packed ones included.
    public func count(of part: NetworkPart) -> Int {
        let dense = loaded.filter { NetworkPart(of: $0.key) == part }.values.map(\.count).reduce(0, +)
        return dense + packed.filter { NetworkPart(of: $0.key) == part }.values.map { $0.rows * $0.columns }.reduce(0, +)
            + int4.filter { NetworkPart(of: $0.key) == part }.values.map { $0.rows * $0.columns }.reduce(0, +)
    }

    /// Bytes of a part, mapped or not.
    public func bytes(of part: NetworkPart) -> Int {
        let dense = loaded.filter { NetworkPart(of: $0.key) == part }.values.map { $0.count * $0.dtype.byteCount }.reduce(0, +)
        return dense + packed.filter { NetworkPart(of: $0.key) == part }.values.map(\.bytes.count).reduce(0, +)
            + int4.filter { NetworkPart(of: $0.key) == part }.values.map(\.byteCount).reduce(0, +)
    }

    /// Whether any matrix of a part is packed.
    public func isPacked(_ part: NetworkPart) -> Bool {
        packed.keys.contains { NetworkPart(of: $0) == part } || int4.keys.contains { NetworkPart(of: $0) == part }
    }

    public func has(_ name: String) -> Bool { files.find(name) != nil || files.packed(name) != nil }

    public func tensor(_ name: String, _ shape: [Int]) throws -> Tensor {
        if let tensor = tensors[name] { return tensor }
        var tensor = try stored(name, shape).to(precision.type(of: name)).to(device)
        if isTrained(name) {
            // Not the file's memory, which nobody may write to.
            tensor = try tensor.clone().contiguous()
            try tensor.requireGradient()
        }
        tensors[name] = tensor
        return tensor
    }

    /// Tensors that are trained, by name, in the order of their names.
    public var trained: [(name: String, tensor: Tensor)] {
        loaded.filter { isTrained($0.key) }.sorted { $0.key < $1.key }.map { (name: $0.key, tensor: $0.value) }
    }

    public func matrix(_ name: String, _ shape: [Int]) throws -> Matrix {
        let base = try unchanged(name, shape)
        return try adapters?.change(of: name, shape).map { .adapted(base, $0) } ?? base
    }

    private func unchanged(_ name: String, _ shape: [Int]) throws -> Matrix {
        if isTrained(name) { return .dense(try tensor(name, shape)) }
        if let int4 = int4[name] { return .int4(int4) }
        if device != .cpu, let dense = tensors[name] { return .dense(dense) }
        if let matrix = try packedMatrix(name, shape) { return try placed(matrix, name) }
        guard let format = quantization?.format(of: name, shape) else { return .dense(try tensor(name, shape)) }
        let matrix = try PackedMatrix(packing: stored(name, shape), as: format)
        if device == .cpu { packed[Quantization.storedName(name, format)] = matrix }
        // Read once: what was packed would count as memory until the system needs it.
        let bytes = try files.bytes(of: name)
        bytes.owner.release(bytes.range)
        packedBytes += bytes.range.count
        if packedBytes > 256 << 20 {
            Engine.giveBackMemory()
            packedBytes = 0
        }
        return try placed(matrix, name)
    }

    /// The matrix where it is computed with, which is kept for whoever asks for it again.
    private func placed(_ matrix: PackedMatrix, _ name: String) throws -> Matrix {
        let placed = try Matrix.packed(matrix, computing: precision.type(of: name), on: device)
        switch placed {
        case .dense(let tensor): tensors[name] = tensor
        case .int4(let matrix): int4[name] = matrix
        case .packed, .adapted: break
        }
        return placed
    }

    public func table(_ name: String, _ shape: [Int]) throws -> Table {
        if let table = tables[name] { return table }
        if isTrained(name) { return Table(try tensor(name, shape), as: precision.type(of: name)) }
        let type = precision.type(of: name)
        let raw = try stored(name, shape)
        let table = Table(try (raw.dtype.byteCount <= type.byteCount ? raw : raw.to(type)).to(device), as: type)
        tables[name] = table
        return table
    }

    /// A tensor as the files hold it: a view of the mapped memory.
    private func stored(_ name: String, _ shape: [Int]) throws -> Tensor {
        let info = try Self.info(of: name, shape, in: files)
        guard let type = info.type.dtype, type.isFloatingPoint else {
            throw WeightError.wrongType(name: name, place: files.folder.path, found: info.type.rawValue)
        }
        return try view(name, info, type, shape)
    }

    private func view(_ name: String, _ info: TensorInfo, _ type: DType, _ shape: [Int]) throws -> Tensor {
        let bytes = try files.bytes(of: name)
        if used.insert(name).inserted {
            loadedBytes += info.byteCount
            progress(loadedBytes, totalBytes)
        }
        // libtorch needs aligned elements; the format does not promise them.
        return info.isAligned
            ? try Tensor.borrowing(bytes.unsafeBytes, shape, type, owner: bytes.owner)
            : try bytes.withBytes { try Tensor.copying(bytes: $0, shape, type) }
    }

    /// The matrix as the files hold it packed; nil when they hold it otherwise.
    private func packedMatrix(_ name: String, _ shape: [Int]) throws -> PackedMatrix? {
        for format in PackedFormat.allCases { if let known = packed[Quantization.storedName(name, format)] { return known } }
        guard let (format, storedName, _) = files.packed(name) else { return nil }
        let place = files.folder.path
        let info = try Self.packedInfo(of: storedName, format, shape, in: files)
        do {
            let bytes = try view(storedName, info, .uint8, info.shape)
            let matrix = try PackedMatrix(format, rows: shape[0], columns: shape[1], bytes: bytes)
            if device == .cpu { packed[storedName] = matrix }
            return matrix
        } catch is TensorError {
            throw WeightError.damagedPacking(name: storedName, place: place, format: format.rawValue, shape: shape)
        }
    }

    /// - Throws: ``WeightError/unused(names:place:)`` with every tensor of the files that no layer asked for; ``AdapterError`` for adapters.
    public func finish() throws {
        try Self.checkUnused(files, isUsed: used.contains)
        try adapters?.finish()
        progress(totalBytes, totalBytes)
    }

    /// Compares names and shapes with what a model calls for, without reading a weight.
    public static func check(_ files: WeightFiles, against wanted: ShapeWeights) throws {
        var names: Set<String> = []
        for (name, shape) in wanted.shapes {
            if let (format, stored, _) = files.packed(name) {
                _ = try packedInfo(of: stored, format, shape, in: files)
                names.insert(stored)
                // The packed head of a tied model stands beside the embedding; nothing else is stored twice.
                guard wanted.tables.contains(name) else { continue }
            }
            _ = try info(of: name, shape, in: files)
            names.insert(name)
        }
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

    private static func packedInfo(
        of name: String, _ format: PackedFormat, _ shape: [Int], in files: WeightFiles
    ) throws -> TensorInfo {
        let place = files.folder.path
        guard let (_, info) = files.find(name), shape.count == 2, info.type == .uint8,
            let bytes = format.byteCount(rows: shape[0], columns: shape[1]), info.shape == [bytes]
        else { throw WeightError.damagedPacking(name: name, place: place, format: format.rawValue, shape: shape) }
        return info
    }

    /// The first tensor with a NaN or an infinity, for explaining why an answer cannot be computed; reads everything.
    public func firstNotFinite() throws -> WeightError? {
        for (name, tensor) in loaded.sorted(by: { $0.key < $1.key }) {
            let finite = try tensor.isFinite().sum().integer()
            if finite < tensor.count { return .notFinite(name: name, place: files.folder.path, count: tensor.count - finite) }
        }
        for (name, matrix) in packed.sorted(by: { $0.key < $1.key }) where !matrix.isFinite {
            return .notFinite(name: name, place: files.folder.path, count: 1)
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
