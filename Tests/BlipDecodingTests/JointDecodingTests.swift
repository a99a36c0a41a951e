import BlipDecoding
import BlipModels
import BlipTensors
import BlipTestSupport
import Foundation
import Testing

/// Answers of all kinds in joint steps, against each of them alone.
@Suite("Joint decoding") struct JointDecodingTests {
    static let checkpoints = ["vicuna", "vicuna-grouped", "flan-t5", "blip2/opt"]

    /// One answer of the mix: a prompt, its own options, and when it comes and goes.
    private struct Request {
        let name: String
        let options: DecodingOptions
        let stopsAt: [Int]
        let joins: Int
        let leaves: Int?

        init(_ index: Int, _ cases: [String], end: Int) {
            var options = DecodingOptions(maximumTokens: 4 + index % 9, stopIDs: [end])
            switch index % 6 {
            case 0: break
            case 1:
                options.beams = 2 + index % 4
                options.returned = 2
                options.lengthPenalty = index % 4 == 1 ? -1 : 1
            case 2:
                options.sampling = .init(temperature: 0.8, topP: 0.95, seed: UInt64(index))
                options.returned = 1 + index % 3
            case 3:
                options.repetitionPenalty = 1.5
                options.minimumTokens = 3
            case 4:
                options.noRepeatNGram = 2
                options.beams = 3
                options.repetitionPenalty = 1.2
            default:
                options.beams = 3
                options.sampling = .init(topK: 20, seed: UInt64(index))
            }
            name = cases[index % cases.count]
            self.options = options
            stopsAt = index % 7 == 3 ? [40, 41] : []
            joins = index * 5 % 11
            leaves = index % 8 == 5 ? joins + 2 : nil
        }

        var endsAnswer: (([Int]) throws -> Bool)? {
            stopsAt.isEmpty ? nil : { [stopsAt] ids in ids.contains { stopsAt.contains($0) || $0 % 13 == 7 } }
        }
    }

    @Test("each is what it is alone, whoever else is there, whenever it joins, and though some leave early", arguments: checkpoints)
    func mixed(_ name: String) throws {
        let (tiny, references) = (try TinyNetwork(name), try References(name))
        let language = tiny.network.language
        // Variants keep the pixels of some cases alone.
        let cases = references.cases.cases.map(\.name).filter { !references.names("\($0)/pixel_values").isEmpty }
        let requests = (0..<30).map { Request($0, cases, end: references.cases.tokenizerEnd) }
        try withoutGradients {
            let session = language.jointSession()
            var waiting = Array(requests.indices)
            var open: [(request: Int, row: Int, writer: AnswerWriter)] = []
            var done: [Int: [TokenRow]] = [:]
            var round = 0
            while !waiting.isEmpty || !open.isEmpty {
                let coming = waiting.filter { requests[$0].joins <= round }
                waiting.removeAll { coming.contains($0) }
                if !coming.isEmpty {
                    let prompt = try tiny.network.prompt(for: tiny.batch(references, coming.map { requests[$0].name }))
                    let writers = try coming.map {
                        try AnswerWriter(requests[$0].options, before: language.startIDs, endsAnswer: requests[$0].endsAnswer)
                    }
                    let (rows, logits) = try session.join(prompt, rooms: writers.map(\.room))
                    let spread = try Tensor.concatenate(
                        writers.enumerated().map { try logits.slice(0, $0..<$0 + 1).expand([$1.count, logits.size(1)]) }, 0)
                    #expect(try AnswerWriter.advance(writers, spread).allSatisfy { $0 == nil })
                    open += coming.indices.map { (coming[$0], rows[$0], writers[$0]) }
                }
                for answer in open where answer.writer.isDone || requests[answer.request].leaves == round {
                    done[answer.request] = answer.writer.rows
                    session.leave(answer.row)
                }
                open.removeAll { done[$0.request] != nil }
                if !open.isEmpty {
                    let logits = try session.step(
                        open.map { JointTokens(row: $0.row, tokens: $0.writer.tokens, parents: $0.writer.parents) })
                    #expect(try AnswerWriter.advance(open.map(\.writer), logits).allSatisfy { $0 == nil })
                }
                round += 1
            }
            for (index, request) in requests.enumerated() {
                let hooks = DecodingHooks(endsAnswer: request.endsAnswer)
                let alone = try TokenLoop(language, request.options).run(
                    tiny.network.prompt(for: tiny.batch(references, [request.name])), hooks)[0]
                let found = try #require(done[index])
                if request.leaves != nil {
                    // What was said until then.
                    for (mine, theirs) in zip(found, alone) where request.options.beams == 1 {
                        #expect(theirs.ids.starts(with: mine.ids), "\(index)")
                    }
                    continue
                }
                #expect(found.map(\.ids) == alone.map(\.ids), "\(index)")
                #expect(found.map(\.finish) == alone.map(\.finish), "\(index)")
                for (mine, theirs) in zip(found, alone) {
                    #expect(abs(mine.score - theirs.score) < 1e-4, "\(index)")
                    for (first, second) in zip(mine.logProbabilities, theirs.logProbabilities) {
                        #expect(abs(first - second) < 1e-5 * max(1, abs(second)))
                    }
                }
            }
        }
    }

    private let falling = ScriptedLanguageModel(vocabulary: 6) { _, _ in (0..<6).map { -Float($0) } }

    @Test("numbers that are not finite end one answer alone", arguments: [1, 3])
    func poisoned(_ beams: Int) throws {
        var options = DecodingOptions(maximumTokens: 5)
        options.beams = beams
        var sampled = DecodingOptions(maximumTokens: 5)
        sampled.sampling = .init(seed: 1)
        let writers = try [options, options, sampled, sampled].map { try AnswerWriter($0) }
        var values: [Float] = []
        for (index, writer) in writers.enumerated() {
            for _ in 0..<writer.count { values += index % 2 == 1 ? [0, .nan, 0, 1] : [3, 2, 1, 0] }
        }
        let failures = try AnswerWriter.advance(writers, Tensor.of(values, [values.count / 4, 4]))
        #expect(failures.map { $0 == nil } == [true, false, true, false])
        #expect(failures.compactMap { $0 as? GenerationError } == [.notFinite(step: 0), .notFinite(step: 0)])
        #expect(writers[0].written == 1 && writers[0].tokens.first == 0 && writers[2].written == 1)
        #expect(writers[1].written == 0)
    }

    @Test("an error in a condition ends one answer alone")
    func throwing() throws {
        struct Full: Error {}
        let options = DecodingOptions(maximumTokens: 5)
        let writers = try [AnswerWriter(options), AnswerWriter(options, endsAnswer: { _ in throw Full() })]
        let failures = try AnswerWriter.advance(writers, Tensor.of([3, 2, 1, 0, 3, 2, 1, 0] as [Float], [2, 4]))
        #expect(failures[0] == nil && failures[1] is Full)
    }

    @Test("the likeliest alternatives of each token are told with their log-probabilities, where somebody asks")
    func alternatives() throws {
        let options = DecodingOptions(maximumTokens: 2)
        let writers = try [AnswerWriter(options), AnswerWriter(options, alternatives: 2), AnswerWriter(options, alternatives: 9)]
        let row: [Float] = [0, 2, 1, -1]
        for _ in 0..<2 {
            let failures = try AnswerWriter.advance(writers, Tensor.of(row + row + row, [3, 4]))
            #expect(failures.allSatisfy { $0 == nil })
        }
        #expect(writers.map { $0.likeliest[0].count } == [0, 2, 2])
        #expect(writers[1].likeliest[0][1].map(\.id) == [1, 2])
        #expect(writers[2].likeliest[0][0].map(\.id) == [1, 2, 0, 3])
        let total = row.map { exp(Double($0)) }.reduce(0, +)
        #expect(abs(writers[1].likeliest[0][0][1].logProbability - log(exp(1) / total)) < 1e-6)
        #expect(writers[0].isDone && writers[0].rows[0].ids == [1, 1])
    }

    @Test("a model without a joint session of its own has one that asks it prompt by prompt")
    func separate() throws {
        let counting = ScriptedLanguageModel(vocabulary: 4) { _, said in said.count >= 2 ? [0, 0, 0, 9] : [9, 0, 0, 0] }
        let session = counting.jointSession()
        let options = DecodingOptions(maximumTokens: 8, stopIDs: [3])
        let writers = try (0..<3).map { _ in try AnswerWriter(options) }
        var (rows, logits) = try session.join(ScriptedLanguageModel.prompt(rows: 3), rooms: writers.map(\.room))
        while true {
            _ = try AnswerWriter.advance(writers, logits)
            if writers.allSatisfy(\.isDone) { break }
            logits = try session.step(zip(rows, writers).map { JointTokens(row: $0, tokens: $1.tokens, parents: $1.parents) })
        }
        rows.forEach(session.leave)
        rows = []
        #expect(writers.map { $0.rows[0].ids } == [[0, 0, 3], [0, 0, 3], [0, 0, 3]])
    }
}
