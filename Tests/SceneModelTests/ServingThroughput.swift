import Blip
import BlipScenes
import Foundation

/// Answers a second of one asker after another, and of many at once: captions of 30 tokens.
struct ServingThroughput {
    private let assistant: Assistant
    private let pictures: [RGBImage]
    private let askers = 16
    private let questions = 96

    init(_ assistant: Assistant) throws {
        self.assistant = assistant
        let renderer = try SceneRenderer(side: SceneCatalog.side)
        // More than are asked for: none is kept from one measurement to the next.
        pictures = try (0..<8 * 96).map { renderer(try SceneInterview(seed: UInt64(1000 + $0)).scene) }
    }

    func lines() async throws -> [String] {
        var lines: [String] = []
        var start = 0
        for (name, beams) in [("greedy", 1), ("five beams", 5)] {
            for differs in [true, false] {
                func next() -> [RGBImage] {
                    defer { start += questions }
                    let first = start % pictures.count
                    return (0..<questions).map { pictures[differs ? (first + $0) % pictures.count : first] }
                }
                let one = try await rate(askers: 1, beams, next())
                let many = try await rate(askers: askers, beams, next())
                lines += [
                    "\(name), \(differs ? "different pictures" : "one picture"): one asker \(one)", "  \(askers) askers \(many)",
                    String(format: "  ratio %.2f, in processor time %.2f", many.perSecond / one.perSecond, one.processor / many.processor),
                ]
            }
        }
        return lines
    }

    private struct Rate: CustomStringConvertible {
        let perSecond: Double
        /// Seconds of processors for an answer: what a machine that does other things does not change much.
        let processor: Double
        let rowsPerStep: Double

        var description: String {
            String(
                format: "%.1f answers/s, %.1f ms of processor time each, %.1f rows in a step", perSecond, 1000 * processor, rowsPerStep)
        }
    }

    /// Each asker asks the next question when the last one is answered.
    private func rate(askers: Int, _ beams: Int, _ pictures: [RGBImage]) async throws -> Rate {
        let scheduler = AnswerScheduler(assistant, .init(running: askers * beams, waiting: askers))
        var options = AnswerOptions(maximumTokens: 30, stop: .configAndTokenizer)
        options.decoding.beams = beams
        // All of the same length.
        options.decoding.minimumTokens = 30
        let clock = ContinuousClock()
        let (start, used) = (clock.now, Self.processorSeconds)
        try await withThrowingTaskGroup(of: Void.self) { [options] group in
            for asker in 0..<askers {
                group.addTask {
                    for index in stride(from: asker, to: pictures.count, by: askers) {
                        let question = ServedQuestion(pictures: [pictures[index]], instruction: "Describe the picture.", options: options)
                        for try await _ in try scheduler.submit(question) {}
                    }
                }
            }
            try await group.waitForAll()
        }
        let seconds = start.duration(to: clock.now) / .seconds(1)
        let count = Double(pictures.count)
        return Rate(
            perSecond: count / seconds, processor: (Self.processorSeconds - used) / count, rowsPerStep: scheduler.statistics.rowsPerStep)
    }

    /// Of all threads of this process so far.
    private static var processorSeconds: Double { Double(clock()) / Double(CLOCKS_PER_SEC) }
}
