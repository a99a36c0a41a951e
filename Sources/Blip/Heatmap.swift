import BlipImages
import BlipModels
import BlipTensors

/// Where the Q-Former looked in a picture while it read an instruction, or where it found what an answer rests on.
public struct Heatmap: Sendable {
    /// Patches down and across.
    public let rows: Int
    public let columns: Int
    /// Weights per layer that looks at the image and per query, each row by row over the patches, the mean of the heads. The class token's
    /// share is left out, so a row sums to at most one.
    public let weights: [[[Float]]]
    /// How much of an answer rests on each query, summing to one; nil where no answer was given.
    public let shares: [Float]?

    /// The mean over layers and queries, or over those chosen. All queries together count by their shares of the answer, where one was given.
    ///
    /// - Parameters:
    ///   - layer: counts the layers that look at the image from 0; nil is all.
    ///   - query: nil is all.
    public func mean(layer: Int? = nil, query: Int? = nil) throws -> [Float] {
        let layers = try Self.choose(weights, layer, Self.layerName)
        var sum = [Float](repeating: 0, count: rows * columns)
        var total: Float = 0
        for maps in layers {
            let share = query == nil ? shares ?? [] : []
            for (number, map) in try Self.choose(maps, query, Self.queryName).enumerated() {
                let weight = share.isEmpty ? 1 : share[number]
                for place in sum.indices { sum[place] += weight * map[place] }
                total += weight
            }
        }
        return sum.map { $0 / total }
    }

    private static let layerName = "the heat map's layer"
    private static let queryName = "the heat map's query"

    private static func choose<Element>(_ all: [Element], _ index: Int?, _ name: String) throws -> [Element] {
        guard let index else { return all }
        try check(index, of: all.count, name)
        return [all[index]]
    }

    private static func check(_ index: Int, of count: Int, _ name: String) throws {
        guard (0..<count).contains(index) else {
            throw BlipError.invalidOption(name: name, found: "\(index)", expected: "0 to \(count - 1)")
        }
    }

    /// Whether a model with this Q-Former has the layer and the query, before anything is computed.
    fileprivate static func check(layer: Int?, query: Int?, _ qformer: QFormerConfig, queries: Int) throws {
        let layers = stride(from: 0, to: qformer.layerCount, by: qformer.crossAttentionFrequency).reduce(0) { count, _ in count + 1 }
        if let layer { try check(layer, of: layers, layerName) }
        if let query { try check(query, of: queries, queryName) }
    }
}

extension Assistant {
    /// Refuses a layer or query that this model's heat maps have not, as ``Heatmap/mean(layer:query:)`` would behind the answer.
    public func checkHeatmap(layer: Int?, query: Int?) throws {
        let config = try checkpoint().config
        try Heatmap.check(layer: layer, query: query, config.qformer, queries: config.queryCount)
    }

    /// Where the Q-Former looks in a picture while it reads an instruction: its cross-attention.
    ///
    /// - Parameter answer: to the instruction; its first 256 tokens are looked at. Queries then count by what it rests on, see
    ///   ``Heatmap/shares``: the Q-Former may look everywhere for any instruction, and leave it to the language model to choose among what its
    ///   queries found.
    public func heatmap(
        _ instruction: String, about image: ImageSource, answer: String? = nil, limits: ImageLimits = .default
    ) throws -> Heatmap {
        try heatmap(instruction, about: image.load(limits: limits), answer: answer)
    }

    /// The same for a picture that is decoded already, as a frame of a clip.
    public func heatmap(_ instruction: String, about picture: RGBImage, answer: String? = nil) throws -> Heatmap {
        try checkpoint().heatmap(of: checkpoint().processor.input(picture, instruction), behind: instruction, answer: answer)
    }
}

extension Checkpoint {
    fileprivate func heatmap(of input: ModelInput, behind instruction: String, answer: String?) throws -> Heatmap {
        var layers: [[[Float]]] = []
        let queries = try withoutGradients {
            try network.qformer(
                network.queryTokens, reading: look(at: input.frames).reading, told: padding.instructions([input], on: device),
                looked: { weights in
                    let mean = try weights.mean(1).select(0, 0)  // [N, P]
                    let patches = try mean.slice(1, 1..<mean.size(1))
                    layers.append(try (0..<patches.size(0)).map { try patches.select(0, $0).floats() })
                })  // [1, N, Q]
        }
        let (patch, frame) = (config.vision.patchSize, input.frames[0])
        let rests = try answer.map { try shares(of: $0, to: input, behind: instruction, queries) }
        // A picture can be drawn of whatever is no number, and would mean nothing.
        guard layers.joined().joined().allSatisfy(\.isFinite), rests?.allSatisfy(\.isFinite) ?? true else { throw try explainNotFinite() }
        return Heatmap(rows: frame.height / patch, columns: frame.width / patch, weights: layers, shares: rests)
    }

    /// How much of an answer rests on each query: the part of its log-probability that comes with what the query's soft token has beyond the mean of
    /// all (integrated gradients from that mean); queries that speak against the answer have no share.
    ///
    /// From nothing instead, little would be found: language models normalise what they read, so that a longer soft token says the same. Source:
    /// Sundararajan et al., "Axiomatic Attribution for Deep Networks", ICML 2017.
    ///
    /// - Parameter queries: what the Q-Former gave [1, N, Q].
    private func shares(of answer: String, to input: ModelInput, behind instruction: String, _ queries: Tensor) throws -> [Float] {
        let ids = Array(try candidateIDs([answer], behind: instruction, countsEnd: nil)[0].prefix(Self.shareTokens))
        guard try room(after: input, wanted: ids.count) >= ids.count else {
            throw BlipError.instructionTooLong(tokens: input.promptIDs.count + ids.count, limit: config.language.promptLimit)
        }
        let (mean, beyond, words) = try withoutGradients {
            let soft = try network.softTokens(from: queries).to(.float32)
            let mean = try soft.mean(1).reshape([1, 1, soft.size(2)])
            return (mean, try soft - mean, try padding.prompts([input], on: device))
        }
        let targets = try TokenBatch([ids], padding: padding.promptID, at: .right, on: device)
        var parts = [Float](repeating: 0, count: beyond.size(1))
        // One after the other: a large model's passes take much memory.
        for step in 0..<Self.shareSteps {
            try Task.checkCancellation()
            let soft = try withoutGradients { try mean + beyond * ((Double(step) + 0.5) / Double(Self.shareSteps)) }
            try soft.requireGradient()
            let prompt = try Prompt(soft, then: network.language.embed(words.ids), mask: words.mask)
            try network.language.loss(prompt, targets).backward()
            guard let gradient = try soft.gradient else { continue }
            // The loss falls as the log-probability rises.
            let values = try withoutGradients { try (gradient * beyond).sum(2).select(0, 0).floats() }
            for place in parts.indices { parts[place] -= values[place] }
        }
        let favourable = parts.map { max(0, $0) }
        let total = favourable.reduce(0, +)
        return favourable.map { total > 0 && total.isFinite ? $0 / total : 1 / Float(parts.count) }
    }

    /// Of a longer answer the beginning counts: what a pass with gradients keeps grows with the square of its length.
    static let shareTokens = 256
    /// Ours: passes from the mean to the soft tokens.
    static let shareSteps = 8
}
