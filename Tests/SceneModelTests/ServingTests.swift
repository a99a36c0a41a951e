import Blip
import BlipSceneModel
import BlipScenes
import BlipTestSupport
import Foundation
import Testing

/// The built-in model, asked by many at once.
@Suite("The built-in model is served", .serialized) struct ServingTests {
    /// Mixed questions about some scenes, as different people ask them.
    static func questions(_ count: Int, scenes: Int = 12) throws -> [ServedQuestion] {
        let interviews = try (0..<scenes).map { try SceneInterview(seed: UInt64($0)) }
        let renderer = try SceneRenderer(side: SceneCatalog.side)
        let pictures = interviews.map { renderer($0.scene) }
        return (0..<count).map { index in
            let items = interviews[index % scenes].items
            let item = items[index / scenes % items.count]
            var options = AnswerOptions(maximumTokens: 3 + index % 14)
            switch index % 7 {
            case 0, 1: break
            case 2: options.decoding.repetitionPenalty = 1.3
            case 3:
                options.decoding = DecodingPreset.caption.options(isEncoderDecoder: true)
                options.decoding.maximumTokens = 12
                options.decoding.returned = 1 + index % 3
            case 4:
                options.decoding.sampling = .init(temperature: 1.1, topP: 0.9, seed: UInt64(index))
                options.decoding.returned = 1 + index % 4
            case 5:
                options.stopStrings = ["a "]
                options.decoding.minimumTokens = 4
            default:
                options.decoding.beams = 4
                options.decoding.noRepeatNGram = 2
                options.decoding.lengthPenalty = -1
            }
            return ServedQuestion(pictures: [pictures[index % scenes]], instruction: item.instruction, options: options)
        }
    }

    static func answer(_ scheduler: AnswerScheduler, _ question: ServedQuestion) async throws -> Answer {
        for try await event in try scheduler.submit(question) {
            if case .answer(let answer) = event { return answer }
        }
        throw CancellationError()
    }

    @Test("two hundred questions of all kinds get the answers that each gets alone")
    func equal() async throws {
        let assistant = try await Assistant.open(SceneModel.folder())
        let scheduler = AnswerScheduler(assistant, .init(running: 16, waiting: 200))
        let questions = try Self.questions(200)
        let served = try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
            for (index, question) in questions.enumerated() {
                group.addTask { (index, try await Self.answer(scheduler, question)) }
            }
            return try await group.reduce(into: [Int: Answer]()) { $0[$1.0] = $1.1 }
        }
        // How many rows are summed together changes the last bits, so what is right is asked of double precision: together must be as near
        // to it as alone.
        let exact = try await Assistant.open(SceneModel.folder(), OpenOptions(dtype: .float64))
        var (together, apart) = (Deviation(), Deviation())
        for (index, question) in questions.enumerated() {
            let answer = try #require(served[index])
            let alone = try await assistant.answer(question.instruction, about: question.pictures, question.options)
            #expect(answer.sequences.map(\.tokenIDs) == alone.sequences.map(\.tokenIDs), "\(index): \(question.instruction)")
            #expect(answer.sequences.map(\.text) == alone.sequences.map(\.text))
            let precise = try await exact.answer(question.instruction, about: question.pictures, question.options)
            for ((mine, theirs), right) in zip(zip(answer.sequences, alone.sequences), precise.sequences)
            where right.tokenIDs == theirs.tokenIDs {
                together.note(mine.logProbabilities, against: right.logProbabilities)
                apart.note(theirs.logProbabilities, against: right.logProbabilities)
            }
        }
        #expect(together.errors.count > 1000)
        #expect(
            together.atMost(share: 0.95) < 1.5 * apart.atMost(share: 0.95), "\(together.atMost(share: 0.95)), \(apart.atMost(share: 0.95))")
        // Few states are so near to a tie within that rounding alone moves them by 2e-5.
        #expect(together.atMost(share: 1) < 1e-4, "\(together.atMost(share: 1)), \(apart.atMost(share: 1))")
        #expect(scheduler.statistics.questions == 200 && scheduler.statistics.failures == 0)
        #expect(scheduler.statistics.rowsPerStep > 4)
    }

    @Test(
        "sixteen askers get more answers a second than one, as printed",
        .enabled(if: ProcessInfo.processInfo.environment["INSTRUCTBLIP_MEASURE"] != nil))
    func throughput() async throws {
        let assistant = try await Assistant.open(SceneModel.folder())
        for line in try await ServingThroughput(assistant).lines() { print(line) }
    }
}

/// How far log-probabilities are from exact ones, relative to those beyond 1.
private struct Deviation {
    private(set) var errors: [Double] = []

    mutating func note(_ found: [Double], against exact: [Double]) {
        errors += zip(found, exact).map { abs($0 - $1) / max(1, abs($1)) }
    }

    /// What that share of them is not above.
    func atMost(share: Double) -> Double {
        let sorted = errors.sorted()
        return sorted.isEmpty ? .infinity : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }
}
