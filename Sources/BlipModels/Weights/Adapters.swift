public import BlipTensors
import Foundation

/// Which matrices of the language model get a ``LowRank`` change, and how large.
public struct AdapterSettings: Sendable, Equatable, Codable {
    /// r, the columns of A and rows of B.
    public var rank: Int
    public var alpha: Double
    /// The chance that a number of the input is left out in training.
    public var dropout: Double
    /// Last parts of the layers' names, as `q_proj` or `SelfAttention.q`; `all` is every layer but the output head.
    public var targets: [String]
    /// Of A's first values.
    public var seed: UInt64

    public init(rank: Int = 8, alpha: Double = 16, dropout: Double = 0, targets: [String] = ["all"], seed: UInt64 = 42) {
        (self.rank, self.alpha, self.dropout, self.targets, self.seed) = (rank, alpha, dropout, targets, seed)
    }

    /// The target that covers a layer, as `language_model.model.layers.0.self_attn.q_proj`; nil when none does.
    public func target(of layer: String) -> String? {
        let place = "language_model."
        guard layer.hasPrefix(place), !Self.heads.contains(where: layer.hasSuffix) else { return nil }
        return targets.first { $0 == "all" || layer == place + $0 || layer.hasSuffix("." + $0) }
    }

    /// The output head, by the names it may have.
    private static let heads = [".lm_head", ".embed_tokens", ".shared"]
}

/// The low-rank changes of a network: new ones for training, or those that were trained.
public final class Adapters {
    /// One that was trained, as it is stored.
    public struct Stored {
        public let down: Tensor
        public let up: Tensor
        public let scale: Double

        public init(down: Tensor, up: Tensor, scale: Double) { (self.down, self.up, self.scale) = (down, up, scale) }
    }

    private enum Origin {
        case new(AdapterSettings, RandomStream, AdapterDropout)
        case stored([String: Stored])
    }

    private let origin: Origin
    private let device: Device
    private var made: [String: LowRank] = [:]
    private var usedTargets: Set<String> = []
    private var layers: [String] = []

    /// New ones, to be trained.
    public init(_ settings: AdapterSettings, on device: Device = .cpu) throws {
        origin = .new(settings, try RandomStream(seed: settings.seed), AdapterDropout(probability: settings.dropout))
        self.device = device
    }

    /// Those that were trained, by layer.
    public init(_ stored: [String: Stored], on device: Device = .cpu) {
        origin = .stored(stored)
        self.device = device
    }

    /// Those of new ones that are trained, as `<layer>.lora_A.weight` and `<layer>.lora_B.weight`.
    public var parameters: [(name: String, tensor: Tensor)] {
        made.flatMap { layer, change in [(Self.downName(layer), change.down), (Self.upName(layer), change.up)] }
    }

    public var dropout: AdapterDropout? { if case .new(_, _, let dropout) = origin { dropout } else { nil } }

    public static func downName(_ layer: String) -> String { layer + ".lora_A.weight" }
    public static func upName(_ layer: String) -> String { layer + ".lora_B.weight" }

    /// The change of a weight `<layer>.weight` of shape [O, I]; nil where there is none.
    func change(of weight: String, _ shape: [Int]) throws -> LowRank? {
        guard weight.hasSuffix(".weight"), shape.count == 2 else { return nil }
        let layer = String(weight.dropLast(".weight".count))
        if let known = made[layer] { return known }
        layers.append(layer)
        let change: LowRank
        switch origin {
        case .stored(let all):
            guard let stored = all[layer] else { return nil }
            let rank = stored.down.shape.first ?? 0
            guard stored.down.shape == [rank, shape[1]], stored.up.shape == [shape[0], rank] else {
                throw AdapterError.wrongShape(layer: layer, matrix: shape, down: stored.down.shape, up: stored.up.shape)
            }
            change = LowRank(
                down: try stored.down.to(device), up: try stored.up.to(device), scale: stored.scale, dropout: nil, number: 0)
        case .new(let settings, let stream, let dropout):
            guard let target = settings.target(of: layer) else { return nil }
            usedTargets.insert(target)
            // Drawn on the CPU, so that every device begins with the same. Source: `kaiming_uniform_(a=sqrt(5))` of PEFT.
            let bound = 1 / Double(shape[1]).squareRoot()
            let down = try ((stream.uniform([settings.rank, shape[1]]) * 2 - 1) * bound).to(device)
            let up = try Tensor.zeros([shape[0], settings.rank], .float32, on: device)
            try down.requireGradient()
            try up.requireGradient()
            change = LowRank(
                down: down, up: up, scale: settings.alpha / Double(settings.rank), dropout: dropout, number: UInt64(made.count))
        }
        made[layer] = change
        return change
    }

    /// Reports what belongs to no layer of the network, once it is built.
    func finish() throws(AdapterError) {
        switch origin {
        case .stored(let all):
            let odd = all.keys.filter { made[$0] == nil }.sorted()
            guard odd.isEmpty else { throw .unused(layers: odd) }
        case .new(let settings, _, _):
            let odd = settings.targets.filter { !usedTargets.contains($0) }
            let known = Set(layers.filter { $0.hasPrefix("language_model.") }.compactMap { $0.split(separator: ".").last.map(String.init) })
            guard odd.isEmpty else { throw .unknownTarget(found: odd, expected: known.sorted()) }
        }
    }
}

/// What is wrong with low-rank changes of a network.
public enum AdapterError: Error, Sendable, Equatable, CustomStringConvertible, LocalizedError {
    case unknownTarget(found: [String], expected: [String])
    case wrongShape(layer: String, matrix: [Int], down: [Int], up: [Int])
    case unused(layers: [String])

    public var description: String {
        switch self {
        case .unknownTarget(let found, let expected):
            "no layer of the language model is called \(found.joined(separator: ", ")); a target is one of \(expected.joined(separator: ", ")), "
                + "or all"
        case .wrongShape(let layer, let matrix, let down, let up):
            "the adapter of \(layer) has A of shape \(down) and B of shape \(up), which do not fit its matrix \(matrix); it was trained for "
                + "another model"
        case .unused(let layers):
            "the adapter changes \(layers.count) layers that this model does not have, for example \(layers.first ?? ""); it was trained for "
                + "another model"
        }
    }

    public var errorDescription: String? { description }
}
