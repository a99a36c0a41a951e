import BlipTensors
import BlipTestSupport
import Testing

@testable import BlipModels

/// The image encoder and the Q-Former in steps of fixed shapes, against ordinary passes.
@Suite("Fixed image encoder and Q-Former") struct FixedPartsTests {
    static let checkpoints = ["vicuna", "flan-t5", "blip2/opt", "blip2/flan-t5"]

    /// What the language model is given, for several batches one after the other, of one picture and of two.
    private func prompts(_ name: String, _ type: DType, on device: Device = .cpu, isFixed: Bool, rounds: Int = 2) throws -> [Tensor] {
        let (tiny, references) = (try TinyNetwork(name, dtype: type, on: device), try References(name))
        tiny.network.fixed.isWanted = { _ in isFixed }
        let cases = references.cases.cases.map(\.name).filter { !references.names("\($0)/pixel_values").isEmpty }
        return try withoutGradients {
            try (0..<rounds).flatMap { _ in
                try (cases.map { [$0] } + [Array(cases.prefix(2))]).map {
                    try tiny.network.prompt(for: tiny.batch(references, $0)).embeddings
                }
            }
        }
    }

    @Test("prompts are those of ordinary passes, whatever the instruction's length", arguments: checkpoints)
    func prompts(_ name: String) throws {
        let (fixed, plain) = (try prompts(name, .float32, isFixed: true), try prompts(name, .float32, isFixed: false))
        #expect(fixed.count == plain.count && fixed.count > 3)
        for (found, expected) in zip(fixed, plain) { #expect(try relativeDifference(found, expected) < 2e-5) }
    }

    @Test("in half precision, too") func half() throws {
        let (fixed, plain) = (try prompts("vicuna", .bfloat16, isFixed: true), try prompts("vicuna", .bfloat16, isFixed: false))
        for (found, expected) in zip(fixed, plain) { #expect(try relativeDifference(found, expected) < 0.03) }
    }

    @Test("gradients and observers of layers see an ordinary pass") func exceptions() throws {
        let (tiny, references) = (try TinyNetwork("vicuna", on: .cpu), try References("vicuna"))
        tiny.network.fixed.isWanted = { _ in true }
        let batch = try tiny.batch(references, Array(references.cases.cases.map(\.name).prefix(1)))
        var layers = 0
        _ = try withoutGradients { try tiny.network.prompt(for: batch, observe: .init({ _, _ in }, sawLayer: { _, _ in layers += 1 })) }
        #expect(layers == tiny.config.vision.layerCount + tiny.config.qformer.layerCount)
        #expect(!tiny.network.fixed.areWanted(on: .cpu))
        #expect(withoutGradients { tiny.network.fixed.areWanted(on: .cpu) })
    }

    @Test(
        "recorded on a CUDA device they give what the processor gives", .enabled(if: WorkGraph.isAvailable(on: .cuda()), "no CUDA device"),
        arguments: checkpoints)
    func recorded(_ name: String) throws {
        let plain = try prompts(name, .float32, isFixed: false, rounds: 6)
        for (found, expected) in zip(try prompts(name, .float32, on: .cuda(), isFixed: true, rounds: 6), plain) {
            #expect(try relativeDifference(found, expected) < 1e-4)
        }
    }
}
