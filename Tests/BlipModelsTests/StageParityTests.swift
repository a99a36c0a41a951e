import BlipModels
import BlipTensors
import BlipTestSupport
import Testing

/// Every stage of the network against `transformers`, float32, on tiny random checkpoints.
@Suite("Stages equal the reference") struct StageParityTests {
    static let families = ["vicuna", "flan-t5"]

    @Test("the image encoder's layers agree", arguments: families + ["flan-t5-tied"])
    func vision(_ name: String) throws {
        let (tiny, references) = (try TinyNetwork(name), try References(name))
        let pixels = try references.tensor("describe/pixel_values")
        let embedded = try tiny.network.vision.embed(pixels)
        #expect(try relativeDifference(embedded, references.tensor("describe/vit_embeddings")) < Tolerance.hidden)
        var layer = 0
        _ = try tiny.network.vision(pixels) { hidden in
            let gap = try relativeDifference(hidden, references.tensor("describe/vit_layers.\(layer)"))
            #expect(gap < Tolerance.hidden)
            layer += 1
        }
        #expect(layer == tiny.config.vision.layerCount)
    }

    @Test("the Q-Former's layers agree", arguments: families + ["flan-t5-tied"])
    func qformer(_ name: String) throws {
        let (tiny, references) = (try TinyNetwork(name), try References(name))
        let batch = try tiny.batch(references, ["describe"])
        let patches = try references.tensor("describe/image_embeds")
        let count = tiny.config.queryCount
        var layer = 0
        _ = try tiny.network.qformer(tiny.network.queryTokens, reading: tiny.network.qformer.read(patches), told: batch.instruction) {
            hidden in
            let expected = try references.tensor("describe/qformer_layers.\(layer)")
            // The last layer computes the queries alone: nobody reads the text after it.
            let compared = hidden.size(1) == count ? try expected.slice(1, 0..<count) : expected
            let gap = try relativeDifference(hidden, compared)
            #expect(gap < Tolerance.hidden)
            layer += 1
        }
        #expect(layer == tiny.config.qformer.layerCount)
    }

    @Test("patches, queries, soft prompt and logits agree in every case", arguments: families)
    func wholePrompt(_ name: String) throws {
        let (tiny, references) = (try TinyNetwork(name), try References(name))
        for item in references.cases.cases {
            var seen: [InstructBLIP.Stage] = []
            let batch = try tiny.batch(references, [item.name])
            let prompt = try tiny.network.prompt(
                for: batch,
                observe: .init { stage, tensor in
                    seen.append(stage)
                    let reference =
                        switch stage {
                        case .vision: "image_embeds"
                        case .qformer: "query_output"
                        case .projection: "soft_prompt"
                        }
                    let gap = try relativeDifference(tensor, references.tensor("\(item.name)/\(reference)"))
                    #expect(gap < Tolerance.hidden)
                })
            #expect(seen == InstructBLIP.Stage.allCases)
            #expect(try relativeDifference(prompt.embeddings, references.tensor("\(item.name)/prompt_embeds")) < Tolerance.hidden)
            #expect(try difference(tiny.network.language.logits(prompt), references.tensor("\(item.name)/logits")) < Tolerance.logits)
        }
    }

    @Test("a tied head with a scaled decoder and tanh GELU agrees")
    func tied() throws {
        let (tiny, references) = (try TinyNetwork("flan-t5-tied"), try References("flan-t5-tied"))
        for item in references.cases.cases where !references.names("\(item.name)/pixel_values").isEmpty {
            let prompt = try tiny.network.prompt(for: tiny.batch(references, [item.name]))
            #expect(try difference(tiny.network.language.logits(prompt), references.tensor("\(item.name)/logits")) < Tolerance.logits)
        }
    }

    @Test("old and sharded layouts hold the same network", arguments: [("vicuna-sharded", "vicuna"), ("flan-t5-old", "flan-t5")])
    func layouts(_ old: String, _ new: String) throws {
        let (first, second, references) = (try TinyNetwork(old), try TinyNetwork(new), try References(new))
        let batch = try second.batch(references, ["describe"])
        let (a, b) = (try first.network.prompt(for: batch), try second.network.prompt(for: batch))
        #expect(try difference(first.network.language.logits(a), second.network.language.logits(b)) == 0)
    }

    @Test("half precision stays within twice the reference's own gap", arguments: families, [DType.bfloat16, .float16])
    func halves(_ name: String, _ dtype: DType) throws {
        let (tiny, references) = (try TinyNetwork(name, dtype: dtype), try References(name))
        let gap = try #require(references.cases.halfGaps?[dtype.rawValue])
        let prompt = try tiny.network.prompt(for: tiny.batch(references, ["describe"]))
        let logits = try tiny.network.language.logits(prompt)
        #expect(logits.dtype == dtype)
        #expect(try difference(logits, references.tensor("describe/logits")) < 2 * gap)
    }
}
