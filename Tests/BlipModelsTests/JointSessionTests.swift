import BlipTensors
import BlipTestSupport
import Testing

@testable import BlipModels

/// Rows that are computed together against the same rows in sessions of their own.
@Suite("Joint sessions") struct JointSessionTests {
    static let checkpoints = ["vicuna", "vicuna-grouped", "flan-t5", "flan-t5-plain", "flan-t5-tied", "blip2/opt", "blip2/flan-t5"]

    private static func numbers(seed: UInt64) -> (Int) -> Int {
        var state = seed
        return { limit in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
    }

    /// Joins prompts at several times and steps trees of all forms, in both kinds of session; gives the largest difference of logits.
    private func compare(_ name: String, _ type: DType, rounds: Int) throws -> Double {
        let (tiny, references) = (try TinyNetwork(name, dtype: type), try References(name))
        let language = tiny.network.language
        // Variants keep the pixels of some cases alone.
        let cases = references.cases.cases.map(\.name).filter { !references.names("\($0)/pixel_values").isEmpty }
        let (joint, separate) = (language.jointSession(), SeparateSessions(language))
        let number = Self.numbers(seed: 11)
        var largest = 0.0
        // Rows of both sessions, and how many tokens each has.
        var rows: [(joint: Int, separate: Int, count: Int)] = []
        try withoutGradients {
            for round in 0..<rounds {
                if round % 3 == 0 {
                    let some = (0...number(3)).map { _ in cases[number(cases.count)] }
                    let prompt = try tiny.network.prompt(for: tiny.batch(references, some))
                    let rooms = some.map { _ in 200 }
                    let (first, second) = (try joint.join(prompt, rooms: rooms), try separate.join(prompt, rooms: rooms))
                    largest = max(largest, try relativeDifference(first.logits, second.logits))
                    rows += zip(first.rows, second.rows).map { ($0, $1, 0) }
                }
                if rows.count > 3 {
                    let gone = rows.remove(at: number(rows.count))
                    joint.leave(gone.joint)
                    separate.leave(gone.separate)
                }
                // Chains, branches behind the prompt or anything else, and tokens that follow each other in one step.
                var (mine, theirs) = ([JointTokens](), [JointTokens]())
                for index in rows.indices where round % 3 == 0 || number(3) > 0 {
                    let added = round % 2 == 0 ? 1 : 1 + number(18)
                    let before = rows[index].count
                    let tokens = (0..<added).map { _ in 3 + number(40) }
                    let parents = (0..<added).map { round < 6 ? before + $0 - 1 : number(before + $0 + 1) - 1 }
                    mine.append(JointTokens(row: rows[index].joint, tokens: tokens, parents: parents))
                    theirs.append(JointTokens(row: rows[index].separate, tokens: tokens, parents: parents))
                    rows[index].count += added
                }
                guard !mine.isEmpty else { continue }
                largest = max(largest, try relativeDifference(joint.step(mine), separate.step(theirs)))
            }
        }
        return largest
    }

    @Test("logits are those of sessions apart, whoever joins and leaves, for chains and trees", arguments: checkpoints)
    func equal(_ name: String) throws { #expect(try compare(name, .float32, rounds: 14) < 2e-5) }

    @Test("so are they where there are no kernels, in half precision", arguments: ["vicuna-grouped", "flan-t5", "blip2/opt"])
    func half(_ name: String) throws { #expect(try compare(name, .bfloat16, rounds: 9) < 0.03) }

    @Test("a step that fails leaves everything as it was", arguments: ["vicuna", "flan-t5"])
    func undone(_ name: String) throws {
        let (tiny, references) = (try TinyNetwork(name), try References(name))
        let names = Array(references.cases.cases.map(\.name).prefix(2))
        try withoutGradients {
            let prompt = try tiny.network.prompt(for: tiny.batch(references, names))
            let session = tiny.network.language.jointSession()
            let (rows, _) = try session.join(prompt, rooms: [20, 2])
            func step(_ row: Int, _ tokens: [Int], after last: Int) -> JointTokens {
                JointTokens(row: rows[row], tokens: tokens, parents: tokens.indices.map { last + $0 })
            }
            let fits = step(0, [5, 6], after: -1)
            // The second row has no room for three, which the first layer finds out; the first one has got its tokens there already.
            #expect(throws: TensorError.self) { try session.step([fits, step(1, [5, 6, 7], after: -1)]) }
            let again = try session.step([fits, step(1, [5, 6], after: -1)])
            let other = tiny.network.language.jointSession()
            let (fresh, _) = try other.join(prompt, rooms: [20, 2])
            let expected = try other.step(
                fresh.map { JointTokens(row: $0, tokens: [5, 6], parents: [-1, 0]) })
            #expect(try again.floats() == expected.floats())
        }
    }
}
