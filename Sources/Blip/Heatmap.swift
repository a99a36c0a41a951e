import BlipImages
import BlipModels
import BlipTensors

/// Where the Q-Former looked in a picture while it read an instruction.
public struct Heatmap: Sendable {
    /// Patches down and across.
    public let rows: Int
    public let columns: Int
    /// Weights per layer that looks at the image and per query, each row by row over the patches, the mean of the heads. The class token's
    /// share is left out, so a row sums to at most one.
    public let weights: [[[Float]]]

    /// The mean over layers and queries, or over those chosen.
    ///
    /// - Parameters:
    ///   - layer: counts the layers that look at the image from 0; nil is all.
    ///   - query: nil is all.
    public func mean(layer: Int? = nil, query: Int? = nil) throws -> [Float] {
        let layers = try Self.choose(weights, layer, "the heat map's layer")
        let maps = try layers.flatMap { try Self.choose($0, query, "the heat map's query") }
        return (0..<rows * columns).map { place in maps.map { $0[place] }.reduce(0, +) / Float(maps.count) }
    }

    private static func choose<Element>(_ all: [Element], _ index: Int?, _ name: String) throws -> [Element] {
        guard let index else { return all }
        guard all.indices.contains(index) else {
            throw BlipError.invalidOption(name: name, found: "\(index)", expected: "0 to \(all.count - 1)")
        }
        return [all[index]]
    }
}

extension Assistant {
    /// Where the Q-Former looks in a picture while it reads an instruction: its cross-attention.
    public func heatmap(_ instruction: String, about image: ImageSource, limits: ImageLimits = .default) throws -> Heatmap {
        try heatmap(instruction, about: image.load(limits: limits))
    }

    /// The same for a picture that is decoded already, as a frame of a clip.
    public func heatmap(_ instruction: String, about picture: RGBImage) throws -> Heatmap {
        let checkpoint = try checkpoint()
        let input = try checkpoint.processor.input(picture, instruction)
        return try withoutGradients {
            let look = try checkpoint.look(at: input.frames)
            var layers: [[[Float]]] = []
            let network = checkpoint.network
            _ = try network.qformer(
                network.queryTokens, reading: look.reading, told: checkpoint.padding.instructions([input], on: checkpoint.device),
                looked: { weights in
                    let mean = try weights.mean(1).select(0, 0)  // [N, P]
                    let patches = try mean.slice(1, 1..<mean.size(1))
                    layers.append(try (0..<patches.size(0)).map { try patches.select(0, $0).floats() })
                })
            let (patch, frame) = (checkpoint.config.vision.patchSize, input.frames[0])
            return Heatmap(rows: frame.height / patch, columns: frame.width / patch, weights: layers)
        }
    }
}
