import BlipModels
import BlipTensors
import Foundation

/// A tiny checkpoint's network and weights.
public struct TinyNetwork {
    public let network: InstructBLIP
    public let weights: CheckpointWeights
    public let config: InstructBLIPConfig

    public let device: Device

    public init(_ name: String, dtype: DType = .float32, on device: Device = TestDevice.current) throws {
        try self.init(folder: Fixtures.checkpoint(name), dtype: dtype, on: device)
    }

    public init(folder: URL, dtype: DType = .float32, on device: Device = TestDevice.current) throws {
        self.device = device
        config = try InstructBLIPConfig(file: folder.appendingPathComponent("config.json"))
        weights = CheckpointWeights(try WeightFiles(folder: folder), precision: Precision(dtype, for: config.architecture), device: device)
        network = try InstructBLIP(Scope(weights), config)
        try weights.finish()
    }

    /// A batch of stored cases, padded where they differ in length.
    public func batch(_ references: References, _ names: [String]) throws -> Batch {
        let cases = try names.map { name in
            guard let found = references.cases.cases.first(where: { $0.name == name }) else {
                throw FixtureError(description: "no case \(name)")
            }
            return found
        }
        let places = config.imageTokenID == nil ? 0 : config.queryCount
        let told = cases.compactMap(\.qformerInputIds)
        return Batch(
            pixels: try Tensor.concatenate(names.map { try references.tensor("\($0)/pixel_values") }, 0).to(device),
            instruction: told.isEmpty ? nil : try TokenBatch(told, padding: 0, at: .right, on: device),
            prompt: try TokenBatch(
                cases.map { Array($0.inputIds.dropFirst(places)) }, padding: references.cases.pad, at: network.promptPadding, on: device))
    }

    /// What transformers 5 counts as said before each answer of a batch, where penalties look at the prompt: with the pads, which stand
    /// behind the image's places. Tiny models do say that id.
    public func said(_ references: References, _ names: [String]) -> [[Int]] {
        let rows = names.compactMap { name in references.cases.cases.first { $0.name == name }?.inputIds }
        let longest = rows.map(\.count).max() ?? 0
        return rows.map { row in
            let pads = [Int](repeating: references.cases.pad, count: longest - row.count)
            return Array(row.prefix(config.queryCount)) + pads + Array(row.dropFirst(config.queryCount))
        }
    }
}
