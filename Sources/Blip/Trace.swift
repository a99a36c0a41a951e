import BlipModels
import BlipTensors
import Foundation

/// Intermediate results of one picture and instruction, for comparing implementations.
struct Trace {
    private var tensors: [(name: String, tensor: Tensor)] = []

    /// - Parameter layers: the output of every layer too.
    init(_ checkpoint: Checkpoint, _ input: ModelInput, layers: Bool) throws {
        let batch = try checkpoint.batch([input])
        func note(_ name: String, _ tensor: Tensor) throws { tensors.append((name, try tensor.to(.float32).to(.cpu).contiguous())) }
        func noteIDs(_ name: String, _ ids: [Int]) throws { tensors.append((name, try Tensor.of(ids, [1, ids.count]))) }

        try note("pixel_values", batch.pixels)
        if let told = input.instructionIDs { try noteIDs("qformer_input_ids", told) }
        var stages: [(String, Tensor)] = []
        var counts: [String: Int] = [:]
        func noteLayer(_ stack: String, _ tensor: Tensor) {
            guard layers else { return }
            stages.append(("\(stack)_layers.\(counts[stack, default: 0])", tensor))
            counts[stack, default: 0] += 1
        }
        let prompt = try checkpoint.network.prompt(
            for: batch,
            observe: .init(
                { stage, tensor in
                    switch stage {
                    case .vision: stages.append(("image_embeds", tensor))
                    case .qformer: stages.append(("query_output", tensor))
                    case .projection: stages.append(("soft_prompt", tensor))
                    }
                }, sawLayer: { noteLayer($0.rawValue, $1) }))
        try noteIDs("input_ids", checkpoint.processor.layout(input.promptIDs, frames: input.frames.count))
        try note("logits", checkpoint.network.language.logits(prompt, observe: { noteLayer("language", $0) }))
        for (name, tensor) in stages { try note(name, tensor) }
    }

    func write(to file: URL) throws {
        try SafetensorsWriter.write(tensors, to: file)
    }
}
