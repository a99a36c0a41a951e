import BlipDecoding
import BlipModels
import BlipTensors
import BlipTestSupport
import Foundation
import Testing

/// BLIP-2 with OPT and FlanT5 against `transformers`, by `Scripts/fixtures/blip2.py`.
@Suite("BLIP-2 equals the reference") struct Blip2ParityTests {
    static let families = ["blip2/opt", "blip2/flan-t5"]

    @Test("the Q-Former's layers agree without a text branch", arguments: families)
    func qformer(_ name: String) throws {
        let (tiny, references) = (try TinyNetwork(name), try References(name))
        let patches = try references.tensor("describe/image_embeds")
        var layer = 0
        _ = try tiny.network.qformer(tiny.network.queryTokens, reading: tiny.network.qformer.read(patches), told: nil) { hidden in
            let gap = try relativeDifference(hidden, references.tensor("describe/qformer_layers.\(layer)"))
            #expect(gap < Tolerance.hidden)
            layer += 1
        }
        #expect(layer == tiny.config.qformer.layerCount)
        let words = try TokenBatch([[2, 3]], padding: 0, at: .right)
        #expect(throws: TensorError.self) {
            try tiny.network.qformer(tiny.network.queryTokens, reading: tiny.network.qformer.read(patches), told: words)
        }
    }

    @Test("patches, queries, soft prompt and logits agree in every case", arguments: families)
    func wholePrompt(_ name: String) throws {
        let (tiny, references) = (try TinyNetwork(name), try References(name))
        for item in references.cases.cases {
            let prompt = try tiny.network.prompt(
                for: tiny.batch(references, [item.name]),
                observe: .init { stage, tensor in
                    let reference =
                        switch stage {
                        case .vision: "image_embeds"
                        case .qformer: "query_output"
                        case .projection: "soft_prompt"
                        }
                    let gap = try relativeDifference(tensor, references.tensor("\(item.name)/\(reference)"))
                    #expect(gap < Tolerance.hidden)
                })
            #expect(try relativeDifference(prompt.embeddings, references.tensor("\(item.name)/prompt_embeds")) < Tolerance.hidden)
            #expect(try difference(tiny.network.language.logits(prompt), references.tensor("\(item.name)/logits")) < Tolerance.logits)
        }
    }

    @Test("greedy ids agree under every stop rule, alone and in an unequal batch", arguments: families)
    func greedy(_ name: String) throws {
        let (tiny, references) = (try TinyNetwork(name), try References(name))
        let cases = references.cases
        for item in cases.cases {
            for (stop, expected) in [
                (Set([cases.tokenizerEnd]), item.greedy.stoppingAtTokenizerEnd),
                (Set([cases.configEnd]), item.greedy.stoppingAtConfigEnd), (Set<Int>(), item.greedy.neverStopping),
            ] {
                let options = DecodingOptions(maximumTokens: cases.newTokens, stopIDs: stop)
                #expect(try answer(tiny, tiny.batch(references, [item.name]), options) == [expected], "\(item.name)")
            }
        }
        let batch = try #require(cases.batch)
        let options = DecodingOptions(maximumTokens: cases.newTokens, stopIDs: [cases.configEnd])
        #expect(try answer(tiny, tiny.batch(references, batch.cases), options) == batch.greedy.stoppingAtConfigEnd)
    }

    @Test("the config names OPT's line break as the end") func ends() throws {
        let cases = try References("blip2/opt").cases
        #expect(try TinyNetwork("blip2/opt").config.language.endIDs == [cases.configEnd])
        #expect(cases.configEnd != cases.tokenizerEnd)
        #expect(cases.cases.contains { $0.greedy.stoppingAtConfigEnd.last == cases.configEnd })
    }

    @Test("captions without a text agree", arguments: families)
    func captions(_ name: String) throws {
        let (tiny, references) = (try TinyNetwork(name), try References(name))
        let captions = try #require(references.cases.withoutText)
        #expect(captions.count == 2)
        let begin = try #require(tiny.config.language.beginID)
        for caption in captions {
            let item = try #require(references.cases.cases.first { $0.image == caption.image })
            let batch = Batch(
                pixels: try references.tensor("\(item.name)/pixel_values"), instruction: nil,
                prompt: try TokenBatch([[begin]], padding: 0, at: .left))
            for (stop, expected) in [
                (Set([references.cases.configEnd]), caption.stoppingAtConfigEnd), (Set<Int>(), caption.neverStopping),
            ] {
                let options = DecodingOptions(maximumTokens: references.cases.newTokens, stopIDs: stop)
                #expect(try answer(tiny, batch, options) == [expected])
            }
        }
    }

    @Test("3 and 5 beams with penalties agree, alone and in an unequal batch", arguments: families)
    func beams(_ name: String) throws {
        let (tiny, references) = (try TinyNetwork(name), try References(name))
        let entries = try #require(references.cases.beams)
        #expect(entries.count == 12)
        for entry in entries {
            var options = DecodingOptions(maximumTokens: references.cases.newTokens, stopIDs: [entry.end])
            options.beams = entry.options.numBeams
            options.repetitionPenalty = entry.options.repetitionPenalty ?? 1
            options.lengthPenalty = entry.options.lengthPenalty ?? 1
            options.noRepeatNGram = entry.options.noRepeatNgramSize ?? 0
            options.minimumTokens = entry.options.minNewTokens ?? 0
            // In a decoder-only model transformers 5 counts the prompt as said.
            options.penalizesPrompt = !tiny.config.language.isEncoderDecoder
            let hooks = DecodingHooks(said: options.penalizesPrompt ? tiny.said(references, entry.cases) : [])
            #expect(try answer(tiny, tiny.batch(references, entry.cases), options, hooks) == entry.ids, "\(entry.cases) \(options)")
        }
    }

    @Test("pictures of other sizes get positions in between, square or not", arguments: families)
    func interpolated(_ name: String) throws {
        let (tiny, references) = (try TinyNetwork(name), try References(name))
        let (sizes, item) = (try #require(references.cases.interpolated), references.cases.cases[0])
        #expect(sizes.map(\.height) == [40, 20])
        for size in sizes {
            let name = "\(size.height)x\(size.width)"
            let words = Array(item.inputIds.dropFirst(tiny.config.queryCount))
            let batch = Batch(
                pixels: try references.tensor("\(name)/pixel_values"), instruction: nil,
                prompt: try TokenBatch([words], padding: 0, at: .left))
            let look = try tiny.network.look(at: batch.pixels)
            #expect(try relativeDifference(look.patches, references.tensor("\(name)/image_embeds")) < Tolerance.hidden)
            let prompt = try tiny.network.prompt(for: batch)
            #expect(try difference(tiny.network.language.logits(prompt), references.tensor("\(name)/logits")) < Tolerance.logits)
            let ids = try answer(tiny, batch, DecodingOptions(maximumTokens: 8, stopIDs: Set(tiny.config.language.endIDs)))
            #expect(ids == [size.ids])
        }
    }

    @Test("half precision stays within twice the reference's own gap", arguments: families, [DType.bfloat16, .float16])
    func halves(_ name: String, _ dtype: DType) throws {
        let (tiny, references) = (try TinyNetwork(name, dtype: dtype), try References(name))
        let gap = try #require(references.cases.halfGaps?[dtype.rawValue])
        let logits = try tiny.network.language.logits(tiny.network.prompt(for: tiny.batch(references, ["describe"])))
        #expect(logits.dtype == dtype)
        #expect(try difference(logits, references.tensor("describe/logits")) < 2 * gap)
    }

    @Test("float16 leaves the query tokens and the whole Q-Former in float32") func keptTypes() throws {
        for name in Self.families {
            for (weight, tensor) in try TinyNetwork(name, dtype: .float16).weights.loaded {
                let stays = weight == "query_tokens" || weight.hasPrefix("qformer.") || weight.hasSuffix(".wo.weight")
                #expect(tensor.dtype == (stays ? .float32 : .float16), "\(weight)")
            }
            #expect(try TinyNetwork(name, dtype: .bfloat16).weights.loaded.values.allSatisfy { $0.dtype == .bfloat16 })
        }
    }

    @Test("the loss and all gradients agree, single and in an unequal batch", arguments: families, ["single", "batch"])
    func gradients(_ name: String, _ which: String) throws {
        let (tiny, references) = (try TinyNetwork(name), try References(name))
        let item = try #require(references.cases.losses?.first { $0.name == which })
        let trained = tiny.weights.loaded.filter { InstructBLIP.isTrainable($0.key) }
        for tensor in trained.values { try tensor.requireGradient() }
        let rows = item.labels.map { $0.filter { $0 != Tensor.ignoredTarget } }
        let targets = try TokenBatch(rows, padding: references.cases.pad, at: .right)
        let loss = try tiny.network.loss(tiny.batch(references, item.cases), targets)
        #expect(try abs(loss.item() - item.loss) / item.loss < Tolerance.loss)
        try loss.backward()
        #expect(Set(references.names(which + "/")) == Set(trained.keys.map { "\(which)/\($0)" }))
        for (weight, tensor) in trained {
            let expected = try references.stored("\(which)/\(weight)")
            let gradient = try #require(try tensor.gradient)
            let (largest, gap) = (try expected.abs().max().item(), try difference(gradient, expected))
            // A shift of all keys shifts every score of a query alike: the true gradient is zero.
            let limit = weight.hasSuffix(".key.bias") ? 1e-6 : Tolerance.gradient * largest
            #expect(gap <= limit, "\(weight)")
        }
    }

    @Test("image-text scores agree for every picture and text, alone and in an unequal batch") func retrieval() throws {
        let folder = Fixtures.checkpoint("blip2/itm")
        let config = try InstructBLIPConfig(file: folder.appendingPathComponent("config.json"))
        #expect(config.architecture == .blip2Retrieval && config.imageTextSize == 10)
        let weights = CheckpointWeights(try WeightFiles(folder: folder), precision: Precision(.float32))
        let network = try ImageTextRetrieval(Scope(weights), config)
        try weights.finish()
        let scores = try RetrievalScores()
        #expect(scores.scores.count == 6)
        for image in Set(scores.scores.map(\.image)) {
            let pixels = try scores.pixels(image)
            let look = try network.look(at: pixels)
            let items = scores.scores.filter { $0.image == image }
            for item in items {
                let text = try TokenBatch([item.inputIds], padding: 0, at: .right)
                let logits = try network.matching(look, text).floats().map(Double.init)
                for (found, expected) in zip(logits, item.logits) { #expect(abs(found - expected) < Tolerance.logits) }
                #expect(try abs(network.similarity(look, text).item() - item.itcSimilarity) < Tolerance.hidden)
            }
            let texts = try TokenBatch(items.map(\.inputIds), padding: 0, at: .right)
            let together = try network.similarity(look, texts).floats()
            for (found, item) in zip(together, items) { #expect(abs(Double(found) - item.itcSimilarity) < Tolerance.hidden) }
            let looks = try Look(joining: items.map { _ in look })
            let pairs = try network.matching(looks, texts).floats()
            for (found, expected) in zip(pairs, items.flatMap(\.logits)) { #expect(abs(Double(found) - expected) < Tolerance.logits) }
        }
    }

    private func answer(
        _ tiny: TinyNetwork, _ batch: Batch, _ options: DecodingOptions, _ hooks: DecodingHooks = DecodingHooks()
    ) throws -> [[Int]] {
        try withoutGradients {
            try TokenLoop(tiny.network.language, options).run(tiny.network.prompt(for: batch), hooks).map { $0[0].ids }
        }
    }
}
