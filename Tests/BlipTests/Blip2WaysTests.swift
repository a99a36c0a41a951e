import Blip
import BlipTestSupport
import Foundation
import Testing

/// BLIP-2 by every way to an answer that InstructBLIP has, against `transformers`; references by `Scripts/fixtures/blip2.py`.
@Suite("BLIP-2 answers in every way") struct Blip2WaysTests {
    static let families = ["blip2/opt", "blip2/flan-t5"]

    private func picture(_ name: String) -> ImageSource { .file(Fixtures.picture(name)) }

    @Test("captions by beams with penalties are the reference's, for nothing and for white space", arguments: families)
    func captionsByBeams(_ name: String) async throws {
        let (assistant, cases) = (try await Assistant.open(Fixtures.checkpoint(name)), try References(name).cases)
        let entries = try #require(cases.captionBeams)
        #expect(entries.count == 6)
        for entry in entries {
            var decoding = DecodingOptions(maximumTokens: cases.newTokens)
            decoding.beams = entry.options.numBeams
            decoding.repetitionPenalty = entry.options.repetitionPenalty ?? 1
            decoding.lengthPenalty = entry.options.lengthPenalty ?? 1
            decoding.penalizesPrompt = true
            for nothing in ["", " \t"] {
                let answer = try await assistant.answer(
                    nothing, about: picture(entry.image), AnswerOptions(decoding: decoding, stop: .configOnly))
                #expect(answer.tokenIDs == entry.ids)
            }
        }
    }

    @Test("two and three pictures stand in a row before the words", arguments: families)
    func severalPictures(_ name: String) async throws {
        let (assistant, cases) = (try await Assistant.open(Fixtures.checkpoint(name)), try References(name).cases)
        for entry in try #require(cases.several) {
            let answer = try await assistant.answer(
                entry.instruction, about: entry.images.map(picture), AnswerOptions(maximumTokens: 8, stop: .configOnly))
            #expect(answer.tokenIDs == entry.ids, "\(entry.images)")
        }
    }

    @Test(
        "candidates are as likely as the reference says, behind a question and as captions, with and without the end", arguments: families)
    func ranking(_ name: String) async throws {
        let (assistant, cases) = (try await Assistant.open(Fixtures.checkpoint(name)), try References(name).cases)
        let entries = try #require(cases.ranked)
        #expect(entries.count == 4)
        for entry in entries {
            for chunk in [1, 4, 512] {
                let options = RankOptions(countsEnd: entry.countsEnd, maximumNodes: chunk)
                let ranking = try await assistant.rank(entry.candidates, entry.instruction, about: picture("shapes.png"), options)
                let found = Dictionary(uniqueKeysWithValues: ranking.candidates.map { ($0.text, $0.logProbability) })
                for (candidate, expected) in zip(entry.candidates, entry.scores) {
                    let gap = abs(found[candidate, default: .infinity] - expected)
                    #expect(gap < 1e-4 * max(1, abs(expected)), "\(candidate), \(entry.countsEnd), \(chunk)")
                }
            }
        }
    }

    @Test("the published end counts for FlanT5 and not for OPT; a space of one's own is not doubled")
    func rankingDefaults() async throws {
        for (name, published) in [("blip2/opt", false), ("blip2/flan-t5", true)] {
            let assistant = try await Assistant.open(Fixtures.checkpoint(name))
            func scores(_ candidates: [String], _ instruction: String, _ options: RankOptions = RankOptions()) async throws -> [Double] {
                try await assistant.rank(candidates, instruction, about: picture("shapes.png"), options).candidates.map(\.logProbability)
            }
            let usual = try await scores(["yes"], "Why?")
            #expect(try await scores(["yes"], "Why?", RankOptions(countsEnd: published)) == usual)
            #expect(try await scores([" yes"], "Why?") == usual)
            // OPT reads a word behind a space as another one; so the space that stands in the instruction counts.
            let (spaced, bare) = (try await scores([" yes"], "Why? "), try await scores(["yes"], "Why? "))
            #expect((spaced == bare) == (name != "blip2/opt"))
        }
    }

    @Test("heat maps are the reference's attention, and the same for every instruction", arguments: families)
    func heatmap(_ name: String) async throws {
        let (assistant, cases) = (try await Assistant.open(Fixtures.checkpoint(name)), try References(name).cases)
        let (map, expected) = (try await assistant.heatmap("Why?", about: picture("shapes.png")), try #require(cases.queryAttention))
        #expect(map.weights.count == expected.count && expected.count == 2)
        for (layer, reference) in zip(map.weights, expected) {
            #expect(layer.count == reference.count)
            for (query, weights) in zip(layer.joined(), reference.joined()) { #expect(abs(Double(query) - weights) < Tolerance.hidden) }
        }
        #expect(try await assistant.heatmap("", about: picture("shapes.png")).weights == map.weights)
        #expect(try await !assistant.tellsQFormer)
        #expect(try await Assistant.open(Fixtures.checkpoint("vicuna")).tellsQFormer)
    }

    @Test("an answer of OPT ends before its line break by default, whichever end comes first")
    func lineBreak() async throws {
        let (assistant, cases) = (try await Assistant.open(Fixtures.checkpoint("blip2/opt")), try References("blip2/opt").cases)
        let ends = [cases.configEnd, cases.tokenizerEnd]
        var stopped = 0
        for item in cases.cases {
            let free = item.greedy.neverStopping
            let expected = free.firstIndex(where: ends.contains).map { Array(free[...$0]) } ?? free
            let answer = try await assistant.answer(
                item.instruction, about: picture(item.image), AnswerOptions(maximumTokens: cases.newTokens))
            #expect(answer.tokenIDs == expected)
            #expect(answer.finishReason == (expected.last.map(ends.contains) == true ? .stop : .length))
            #expect(!answer.text.hasSuffix("\n"))
            stopped += answer.finishReason == .stop ? 1 : 0
        }
        #expect(stopped > 0)
    }

    @Test("364 pixels by positions of 224: image encoder, queries, logits and ids agree")
    func largePictures() async throws {
        struct Case: Decodable {
            let image: String
            let instruction: String
            let ids: [Int]
        }
        let folder = Fixtures.checkpoint("blip2/opt-364")
        let item = try JSONDecoder().decode(Case.self, from: Data(contentsOf: folder.appendingPathComponent("cases.json")))
        let tiny = try TinyNetwork(folder: folder)
        let input = try Processor(folder: folder, tiny.config).input(picture(item.image).load(), item.instruction)
        let planes = input.frames[0]
        #expect(planes.height == 364 && tiny.config.vision.imageSize == 224)
        let batch = Batch(
            pixels: try Tensor.of(planes.values, [1, 3, planes.height, planes.width]), instruction: nil,
            prompt: try TokenBatch([input.promptIDs], padding: 0, at: .left))
        let stages = try SafetensorsFile(folder.appendingPathComponent("references.stages.safetensors"))
        let look = try tiny.network.look(at: batch.pixels)
        #expect(look.patches.shape == [1, 26 * 26 + 1, 12])
        #expect(try relativeDifference(look.patches, stages.tensor("image_embeds").unsqueeze(0)) < Tolerance.hidden)
        let prompt = try tiny.network.prompt(
            for: batch,
            observe: .init { stage, tensor in
                guard stage == .qformer else { return }
                let gap = try relativeDifference(tensor, stages.tensor("query_output").unsqueeze(0))
                #expect(gap < Tolerance.hidden)
            })
        #expect(try difference(tiny.network.language.logits(prompt), stages.tensor("logits").unsqueeze(0)) < Tolerance.logits)
        let answer = try await Assistant.open(folder).answer(
            item.instruction, about: picture(item.image), AnswerOptions(maximumTokens: 8, stop: .configOnly))
        #expect(answer.tokenIDs == item.ids)
    }

    @Test("retrieval in half precision stays within twice the reference's own gap", arguments: [DType.bfloat16, .float16])
    func retrievalHalves(_ dtype: DType) async throws {
        let (folder, references) = (Fixtures.checkpoint("blip2/itm"), try RetrievalScores())
        let half = try #require(references.halves[dtype.rawValue])
        let config = try InstructBLIPConfig(file: folder.appendingPathComponent("config.json"))
        let weights = CheckpointWeights(try WeightFiles(folder: folder), precision: Precision(dtype, for: config.architecture))
        let network = try ImageTextRetrieval(Scope(weights), config)
        let kept = Set(
            weights.loaded.filter { $0.value.dtype == .float32 }.compactMap { $0.key.split(separator: ".").first.map(String.init) })
        #expect(kept == Set(half.keptInFloat32))
        let matcher = try await ImageTextMatcher.open(folder, OpenOptions(dtype: dtype))
        for score in references.scores {
            let look = try network.look(at: references.pixels(score.image))
            let text = try TokenBatch([score.inputIds], padding: 0, at: .right)
            let logits = try network.matching(look, text).floats().map(Double.init)
            for (found, expected) in zip(logits, score.logits) { #expect(abs(found - expected) < 2 * half.gaps.logits) }
            let match = try await matcher.match(score.text, about: picture(score.image))
            #expect(abs(match.similarity - score.itcSimilarity) < 2 * half.gaps.itcSimilarity)
            // A probability moves at most half as far as the distance of its logits.
            #expect(abs(match.matchingProbability - score.itmProbability) < 2 * half.gaps.logits)
        }
    }
}
