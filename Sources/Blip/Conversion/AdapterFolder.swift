public import BlipModels
import BlipTensors
public import Foundation

/// Low-rank changes of a language model in a folder of their own, in PEFT's layout: `adapter_config.json` and `adapter_model.safetensors`.
///
/// `PeftModel.from_pretrained` puts it on the model that transformers opened; ``OpenOptions/adapter`` on ours. Source: `save_pretrained` of PEFT.
public struct AdapterFolder: Sendable {
    public let folder: URL

    static let configName = "adapter_config.json"
    static let weightsName = "adapter_model.safetensors"
    private static let prefix = "base_model.model."

    public init(_ folder: URL) { self.folder = folder }

    private struct Config: Codable {
        var peftType: String
        var baseModel: String?
        var rank: Int
        var alpha: Double
        var dropout: Double?
        var targets: String?
        var bias: String?
        var isInference: Bool?
        var usesRankRoots: Bool?
        var usesDirections: Bool?
        var isTransposed: Bool?
        var rankPattern: [String: Int]?
        var alphaPattern: [String: Double]?
        var wholeModules: [String]?

        enum CodingKeys: String, CodingKey {
            case bias
            case peftType = "peft_type"
            case baseModel = "base_model_name_or_path"
            case rank = "r"
            case alpha = "lora_alpha"
            case dropout = "lora_dropout"
            case targets = "target_modules"
            case isInference = "inference_mode"
            case usesRankRoots = "use_rslora"
            case usesDirections = "use_dora"
            case isTransposed = "fan_in_fan_out"
            case rankPattern = "rank_pattern"
            case alphaPattern = "alpha_pattern"
            case wholeModules = "modules_to_save"
        }

        init(from decoder: any Decoder) throws {
            let keys = try decoder.container(keyedBy: CodingKeys.self)
            peftType = try keys.decode(String.self, forKey: .peftType)
            baseModel = try keys.decodeIfPresent(String.self, forKey: .baseModel)
            rank = try keys.decode(Int.self, forKey: .rank)
            alpha = try keys.decode(Double.self, forKey: .alpha)
            bias = try keys.decodeIfPresent(String.self, forKey: .bias)
            usesRankRoots = try keys.decodeIfPresent(Bool.self, forKey: .usesRankRoots)
            usesDirections = try keys.decodeIfPresent(Bool.self, forKey: .usesDirections)
            isTransposed = try keys.decodeIfPresent(Bool.self, forKey: .isTransposed)
            rankPattern = try keys.decodeIfPresent([String: Int].self, forKey: .rankPattern)
            alphaPattern = try keys.decodeIfPresent([String: Double].self, forKey: .alphaPattern)
            wholeModules = try keys.decodeIfPresent([String].self, forKey: .wholeModules)
            // A text or a list, and the tensors tell as much.
            targets = nil
        }

        init(_ settings: AdapterSettings, layers: [String], baseModel: String) {
            (peftType, rank, alpha, dropout) = ("LORA", settings.rank, settings.alpha, settings.dropout)
            (self.baseModel, bias, isInference) = (baseModel, "none", true)
            // A pattern of whole names: image encoder and Q-Former may have layers of the same last names.
            let names = Set(layers.compactMap { $0.split(separator: ".").last.map(String.init) }).sorted()
            targets = "language_model\\..*(\(names.joined(separator: "|")))"
        }

        /// Names in the pattern stand for layers that end in them.
        func alpha(of layer: String) -> Double {
            alphaPattern?.first { layer == $0.key || layer.hasSuffix("." + $0.key) }?.value ?? alpha
        }

        /// What of it changes the result and is not computed here.
        var unsupported: String? {
            if peftType != "LORA" { return "peft_type \(peftType)" }
            if usesDirections == true { return "use_dora" }
            if isTransposed == true { return "fan_in_fan_out" }
            // PEFT takes keys as regular expressions; names of layers are the plain ones.
            if let odd = alphaPattern?.keys.first(where: { $0.contains { !($0.isLetter || $0.isNumber || "._".contains($0)) } }) {
                return "the pattern \(odd) in alpha_pattern"
            }
            if let wholeModules, !wholeModules.isEmpty { return "modules_to_save" }
            if let bias, bias != "none" { return "bias \(bias)" }
            return nil
        }
    }

    /// Reads what was trained, by layer. That of a language model alone, as of `get_peft_model(model.language_model, ...)`, gets its place in the whole.
    ///
    /// - Throws: ``ConversionError/badAdapter(folder:reason:)``; what is wrong with the weights' file.
    public func read() throws -> [String: Adapters.Stored] {
        let config: Config
        do {
            config = try JSONDecoder().decode(Config.self, from: Data(contentsOf: folder.appendingPathComponent(Self.configName)))
        } catch {
            throw ConversionError.badAdapter(
                folder: folder.path, reason: "\(Self.configName) is missing or no config of PEFT (\(error.localizedDescription))")
        }
        if let odd = config.unsupported { throw ConversionError.badAdapter(folder: folder.path, reason: "\(odd) is not supported") }
        let file = try SafetensorsFile(folder.appendingPathComponent(Self.weightsName))
        let pairs = try Self.pairs(in: file, prefix: Self.prefix) { layer, rank in
            let alpha = config.alpha(of: layer)
            return config.usesRankRoots == true ? alpha / Double(rank).squareRoot() : alpha / Double(rank)
        }
        let isWhole = pairs.keys.contains { layer in Self.places.contains { layer.hasPrefix($0) } }
        return isWhole ? pairs : Dictionary(uniqueKeysWithValues: pairs.map { ("language_model." + $0.key, $0.value) })
    }

    /// What layers of a whole checkpoint begin with.
    private static let places = ["language_model.", "qformer.", "vision_model.", "language_projection"]

    /// The pairs of a file, by layer.
    static func pairs(
        in file: SafetensorsFile, prefix: String = "", scale: (_ layer: String, _ rank: Int) -> Double
    ) throws -> [String: Adapters.Stored] {
        var pairs: [String: Adapters.Stored] = [:]
        let (down, up) = (Adapters.downName(""), Adapters.upName(""))
        for name in file.names where name.hasSuffix(down) || name.hasSuffix(up) {
            guard name.hasSuffix(down) else {
                guard file.names.contains(name.dropLast(up.count) + down) else {
                    throw ConversionError.badAdapter(folder: file.path, reason: "\(name) has no A beside it")
                }
                continue
            }
            guard name.hasPrefix(prefix) else {
                throw ConversionError.badAdapter(folder: file.path, reason: "\(name) does not begin with \(prefix)")
            }
            let layer = String(name.dropFirst(prefix.count).dropLast(down.count))
            let (a, b) = (try file.tensor(name), try file.tensor(prefix + Adapters.upName(layer)))
            guard let rank = a.shape.first, a.shape.count == 2, b.shape.count == 2, b.shape[1] == rank, rank > 0 else {
                throw ConversionError.badAdapter(folder: file.path, reason: "\(layer) has A of shape \(a.shape) and B of \(b.shape)")
            }
            pairs[layer] = Adapters.Stored(down: a, up: b, scale: scale(layer, rank))
        }
        let odd = file.names.filter { prefix.isEmpty ? false : !$0.hasSuffix(down) && !$0.hasSuffix(up) }
        guard odd.isEmpty else {
            throw ConversionError.badAdapter(folder: file.path, reason: "\(odd.count) tensors are no LoRA matrices, for example \(odd[0])")
        }
        return pairs
    }

    /// Writes what was trained under the names of this project.
    func write(_ pairs: [String: Adapters.Stored], _ settings: AdapterSettings, baseModel: String) throws {
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch { throw BlipError.unwritableFolder(path: folder.path, reason: error.localizedDescription) }
        let tensors = pairs.flatMap { layer, pair in
            [
                (name: Self.prefix + Adapters.downName(layer), tensor: pair.down),
                (name: Self.prefix + Adapters.upName(layer), tensor: pair.up),
            ]
        }
        try SafetensorsWriter.write(tensors.sorted { $0.name < $1.name }, to: folder.appendingPathComponent(Self.weightsName))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let config = Config(settings, layers: Array(pairs.keys), baseModel: baseModel)
        try AtomicFile.writeWhole(encoder.encode(config), to: folder.appendingPathComponent(Self.configName))
    }
}
