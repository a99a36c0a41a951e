import BlipTensors
import BlipTestSupport
import Testing

@testable import BlipModels

/// Steps of fixed shapes, which a CUDA device can record, against ordinary ones.
@Suite("Fixed steps") struct FixedStepTests {
    static let checkpoints = ["vicuna", "vicuna-grouped", "flan-t5", "flan-t5-tied", "blip2/opt", "blip2/flan-t5"]

    /// What a session is told: to take tokens, or to go back.
    private enum Move {
        case add([[Int]], parents: [[Int]])
        case rewind(Int)
    }

    private func session(
        _ language: any LanguageModel, _ prompt: Prompt, room: Int, isFixed: Bool
    ) throws -> (logits: Tensor, session: any DecodingSession) {
        func prefill<Model: DecoderOnly>(_ model: Model) throws -> (logits: Tensor, session: any DecodingSession) {
            try DecoderSession.prefill(model, prompt, room: room, isFixed: isFixed)
        }
        if let model = language as? any DecoderOnly { return try prefill(model) }
        let session = try T5Session(#require(language as? T5), prompt, capacity: room + 1, isFixed: isFixed)
        return (try session.start(), session)
    }

    private func back(_ session: any DecodingSession, _ count: Int) -> Tensor? {
        session.rewind(to: count)
        return nil
    }

    /// Logits behind the prompt and each move.
    private func logits(
        _ name: String, _ type: DType, on device: Device = .cpu, isFixed: Bool, _ moves: (_ rows: Int, _ length: Int) -> [Move]
    ) throws -> [Tensor] {
        let (tiny, references) = (try TinyNetwork(name, dtype: type, on: device), try References(name))
        let cases = references.cases.cases.map(\.name).filter { !references.names("\($0)/pixel_values").isEmpty }
        return try withoutGradients {
            let prompt = try tiny.network.prompt(for: tiny.batch(references, Array(cases.prefix(2))))
            let (first, session) = try session(tiny.network.language, prompt, room: 400, isFixed: isFixed)
            return try [first]
                // The tiny OPT has 128 positions.
                + moves(prompt.batch, name == "blip2/opt" ? 80 : 290).compactMap { move in
                    switch move {
                    case .add(let tokens, let parents): try session.extend(tokens, parents: parents)
                    case .rewind(let count): back(session, count)
                    }
                }
        }
    }

    /// One token after the other, far enough for several sizes.
    private static func chain(_ rows: Int, _ length: Int) -> [Move] {
        (0..<length).map { step in
            .add((0..<rows).map { [3 + (step * 7 + $0) % 40] }, parents: Array(repeating: [step - 1], count: rows))
        }
    }

    /// Five beams that part and drop out, and then another answer from the prompt on.
    private static func beams(_ rows: Int, _ length: Int) -> [Move] {
        func step(_ number: Int) -> Move {
            let tokens = (0..<rows).map { row in (0..<5).map { 3 + (number * 11 + row + 3 * $0) % 40 } }
            let parents = (0..<5).map { number == 0 ? -1 : (number - 1) * 5 + (number % 3 == 0 ? $0 : $0 / 2) }
            return .add(tokens, parents: Array(repeating: parents, count: rows))
        }
        return (0..<30).map(step) + [.rewind(0)] + chain(rows, 20)
    }

    private func largestDifference(_ some: [Tensor], _ others: [Tensor]) throws -> Double {
        #expect(some.count == others.count && some.count > 20)
        return try zip(some, others).map { try relativeDifference($0, $1) }.max() ?? .infinity
    }

    @Test("logits are those of ordinary steps, one after the other", arguments: checkpoints) func chains(_ name: String) throws {
        let (fixed, plain) = (try logits(name, .float32, isFixed: true, Self.chain), try logits(name, .float32, isFixed: false, Self.chain))
        #expect(try largestDifference(fixed, plain) < 2e-5)
    }

    @Test("so are they for beams, and after going back", arguments: checkpoints) func trees(_ name: String) throws {
        let (fixed, plain) = (try logits(name, .float32, isFixed: true, Self.beams), try logits(name, .float32, isFixed: false, Self.beams))
        #expect(try largestDifference(fixed, plain) < 2e-5)
    }

    /// The second one finds the memory and steps of the first, and after the third, of other rows, the fourth has none.
    @Test("the next answer of the same shapes goes the same way", arguments: checkpoints) func answers(_ name: String) throws {
        let (tiny, references) = (try TinyNetwork(name, on: .cpu), try References(name))
        let cases = references.cases.cases.map(\.name).filter { !references.names("\($0)/pixel_values").isEmpty }
        let batches = [cases.prefix(1), cases.suffix(1), cases.prefix(2), cases.prefix(1)].map(Array.init)
        try withoutGradients {
            for (number, names) in batches.enumerated() {
                let prompt = try tiny.network.prompt(for: tiny.batch(references, names))
                var found: [[Tensor]] = []
                for isFixed in [true, false] {
                    let (first, session) = try session(tiny.network.language, prompt, room: 100, isFixed: isFixed)
                    var logits = [first]
                    for step in 0..<40 {
                        let tokens = names.indices.map { [3 + (step * 5 + $0 + number) % 40] }
                        logits.append(try session.extend(tokens, parents: Array(repeating: [step - 1], count: names.count)))
                    }
                    found.append(logits)
                }
                #expect(try largestDifference(found[0], found[1]) < 2e-5, "answer \(number)")
            }
        }
    }

    @Test("steps of an answer that is over serve the next one, in cleared memory") func shelf() throws {
        let shelf = StepShelf()
        let first = try shelf.take(layers: 2, rows: 1, capacity: 100)
        for cache in first.caches {
            _ = try cache.append(Tensor.full([1, 2, 5, 4], .nan, .float32), Tensor.full([1, 2, 5, 4], .nan, .float32))
        }
        shelf.putBack(first)
        let second = try shelf.take(layers: 2, rows: 1, capacity: 128)
        #expect(second === first && second.caches.allSatisfy { $0.length == 0 })
        for cache in second.caches {
            let memory = try #require(try cache.grow(by: 5))
            #expect(try memory.keys.isNaN().any().integer() == 0 && memory.values.isNaN().any().integer() == 0)
        }
        // Nobody has put it back.
        #expect(try shelf.take(layers: 2, rows: 1, capacity: 100) !== first)
        shelf.putBack(first)
        #expect(try shelf.take(layers: 2, rows: 1, capacity: 129) !== first)
        shelf.putBack(first)
        #expect(try shelf.take(layers: 2, rows: 2, capacity: 100) !== first)
    }

    @Test("in half precision, too", arguments: ["vicuna-grouped", "flan-t5"]) func half(_ name: String) throws {
        let (fixed, plain) = (
            try logits(name, .bfloat16, isFixed: true, Self.beams), try logits(name, .bfloat16, isFixed: false, Self.beams)
        )
        #expect(try largestDifference(fixed, plain) < 0.03)
    }

    @Test(
        "recorded steps on a CUDA device give what the processor gives", .enabled(if: WorkGraph.isAvailable(on: .cuda()), "no CUDA device"),
        arguments: checkpoints)
    func recorded(_ name: String) throws {
        for moves in [Self.chain, Self.beams] {
            let recorded = try logits(name, .float32, on: .cuda(), isFixed: true, moves)
            #expect(try largestDifference(recorded, logits(name, .float32, isFixed: false, moves)) < 1e-4)
        }
    }
}
