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
                lines.append(
                    String(
                        format: "%@, %@: one asker %.1f answers/s, %d askers %.1f answers/s (%.1f at once), ratio %.2f", name,
                        differs ? "different pictures" : "one picture", one.answers, askers, many.answers, many.rows,
                        many.answers / one.answers
                    ))
            }
        }
        return lines
    }

    /// Each asker asks the next question when the last one is answered.
    private func rate(askers: Int, _ beams: Int, _ pictures: [RGBImage]) async throws -> (answers: Double, rows: Double) {
        let scheduler = AnswerScheduler(assistant, .init(running: askers * beams, waiting: askers))
        var options = AnswerOptions(maximumTokens: 30, stop: .configAndTokenizer)
        options.decoding.beams = beams
        // All of the same length.
        options.decoding.minimumTokens = 30
        let clock = ContinuousClock()
        let start = clock.now
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
        return (Double(pictures.count) / seconds, scheduler.statistics.rowsPerStep)
    }
}
