import BlipTensors
public import Foundation

/// The weights of a checkpoint for retrieval together with those that its published layout leaves out: the temperature `temp` and the head for words
/// `cls.predictions.*`, under their names in LAVIS.
///
/// They stand in a file of their own beside the checkpoint, which nobody else opens. Where there is none they begin as the method does: with a
/// temperature of 0.07 and a head of small random numbers.
public final class PretrainingWeights: WeightSource {
    public static let fileName = "pretraining.safetensors"

    private let base: any WeightSource
    private let file: SafetensorsFile?
    private let device: Device
    private let seed: UInt64
    private let isTrained: (String) -> Bool
    /// Those of its own that were asked for, in float32.
    public private(set) var own: [String: Tensor] = [:]

    /// - Parameters:
    ///   - base: everything else.
    ///   - folder: the checkpoint's.
    ///   - seed: of the head, where it begins.
    ///   - isTrained: names of tensors that gather gradients.
    public init(
        _ base: any WeightSource, folder: URL, device: Device = .cpu, seed: UInt64 = 42,
        isTrained: @escaping (String) -> Bool = { _ in false }
    ) throws {
        let url = folder.appendingPathComponent(Self.fileName)
        file = FileManager.default.fileExists(atPath: url.path) ? try SafetensorsFile(url) : nil
        (self.base, self.device, self.seed, self.isTrained) = (base, device, seed, isTrained)
    }

    /// Whether a tensor is none of the published layout's.
    public static func isOwn(_ name: String) -> Bool { name == "temp" || name.hasPrefix("cls.predictions.") }

    /// Names and shapes of those for a config.
    public static func shapes(of config: InstructBLIPConfig) throws -> [(name: String, shape: [Int])] {
        let all = ShapeWeights()
        _ = try ImageTextPretraining(Scope(all), config)
        return all.shapes.filter { isOwn($0.name) }
    }

    public func has(_ name: String) -> Bool { Self.isOwn(name) || base.has(name) }

    public func matrix(_ name: String, _ shape: [Int]) throws -> Matrix {
        Self.isOwn(name) ? .dense(try tensor(name, shape)) : try base.matrix(name, shape)
    }

    public func table(_ name: String, _ shape: [Int]) throws -> Table { try base.table(name, shape) }

    public func tensor(_ name: String, _ shape: [Int]) throws -> Tensor {
        guard Self.isOwn(name) else { return try base.tensor(name, shape) }
        if let known = own[name] { return known }
        // Not the file's memory, which nobody may write to.
        let tensor = try (stored(name, shape) ?? first(name, shape)).to(.float32).to(device).clone().contiguous()
        if isTrained(name) { try tensor.requireGradient() }
        own[name] = tensor
        return tensor
    }

    /// - Throws: ``WeightError/unused(names:place:)`` with every tensor of the file that nobody asked for.
    public func finish() throws {
        guard let file else { return }
        let unused = file.names.filter { own[$0] == nil }.sorted()
        guard unused.isEmpty else { throw WeightError.unused(names: unused, place: file.path) }
    }

    /// Nil where there is no file at all.
    private func stored(_ name: String, _ shape: [Int]) throws -> Tensor? {
        guard let file else { return nil }
        guard let info = file.info(of: name) else { throw WeightError.missing(name: name, place: file.path) }
        guard info.shape == shape else {
            throw WeightError.wrongShape(name: name, place: file.path, expected: shape, found: info.shape)
        }
        guard let type = info.type.dtype, type.isFloatingPoint else {
            throw WeightError.wrongType(name: name, place: file.path, found: info.type.rawValue)
        }
        return try file.tensor(name)
    }

    /// As the reference begins: BERT's initialisation.
    private func first(_ name: String, _ shape: [Int]) throws -> Tensor {
        if name == "temp" { return try Tensor.full(shape, 0.07) }
        if name.hasSuffix(".bias") { return try Tensor.zeros(shape) }
        if name.hasSuffix("LayerNorm.weight") { return try Tensor.ones(shape) }
        return try RandomStream(seed: seed).normal(shape) * 0.02
    }
}
