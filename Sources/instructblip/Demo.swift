import ArgumentParser
import Blip
import BlipEvaluation
import BlipImages
import BlipMetrics
import BlipRuns
import BlipScenes
import Foundation

struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Draw a scene that no training has seen, ask the built-in model about it, and draw where it looked.",
        discussion: """
            Five instructions, the answers beside what is right, and one picture with the scene and a heat map of each; then a score on fresh scenes
            with a question each. Nothing is downloaded. With --json, one object: seed, model, picture, items (name, instruction, answer, truth, and right,
            or of a caption facts_right, a share), and score (benchmark, metric, value, stderr, count).

              instructblip demo
              instructblip demo --seed 12 --out demo.png --score 0
              instructblip demo --model instructblip-flan-t5-xl --score 20
            """)

    @Option(help: ArgumentHelp("Which scene.", valueName: "n"))
    var seed: UInt64 = 1

    @Option(name: [.short, .long], help: ArgumentHelp("The picture to write.", valueName: "file.png"))
    var out = "demo.png"

    @Option(help: ArgumentHelp("Score the model on so many fresh scenes; 0 leaves it out.", valueName: "n"))
    var score = 200

    @OptionGroup var modelOptions: ModelOptions

    @Flag(help: "Write one JSON object.")
    var json = false

    /// What scores are measured on.
    private static let benchmark = "scenes_vqa"

    func validate() throws {
        if !(0...2_000).contains(score) { throw ValidationError("--score must be between 0 and 2000, found \(score).") }
    }

    func run() async throws {
        let file = try PNGOutput.file(out, option: "--out")
        let interview = try SceneInterview(seed: seed)
        // The model is asked about a picture as its training had them; people get a larger one of the same scene.
        let picture = try SceneRenderer(side: SceneCatalog.side)(interview.scene)
        let shown = try SceneRenderer(side: 256)(interview.scene)
        let assistant = try await modelOptions.open(announces: false)
        var replies: [Reply] = []
        for item in interview.items { replies.append(try await Reply(item, of: interview.scene, assistant, picture, drawnOver: shown)) }
        try sheet(interview, shown, replies).write(png: file)
        if !json { try tell(interview, replies) }
        let scored = score > 0 ? try await measure(assistant) : nil
        if json { return try writeJSON(Report(self, replies, scored)) }
        if let scored {
            let error = scored.stderr.map { String(format: ", give or take %.1f", 100 * $0) } ?? ""
            try writeOutput(
                "\(grouped(scored.count)) fresh scenes with a question each (\(scored.benchmark)): "
                    + String(format: "%.1f %% right", 100 * scored.value) + "\(error)\n")
        }
    }

    /// An answer, and where the Q-Former found what it rests on.
    private struct Reply {
        let item: SceneInterview.Item
        let answer: String
        /// Nil where other answers may be as right.
        let isRight: Bool?
        /// What a description says of the scene, fact by fact.
        let facts: SceneFactCheck?
        let heat: RGBImage

        init(
            _ item: SceneInterview.Item, of scene: Scene, _ assistant: Assistant, _ picture: RGBImage, drawnOver shown: RGBImage
        ) async throws {
            self.item = item
            if item.candidates.isEmpty {
                // As scenes are evaluated: a list of things rightly repeats words, which the published presets penalise more.
                var options = AnswerOptions()
                let preset = item.isOpen ? DecodingPreset.sceneCaption : .greedy
                options.decoding = preset.options(isEncoderDecoder: try await assistant.isEncoderDecoder)
                options.decoding.maximumTokens = 64
                answer = try await assistant.answer(item.instruction, about: [picture], options).text
            } else {
                let source = ImageSource.bytes([UInt8](try picture.pngData()))
                answer = try await assistant.rank(item.candidates, item.instruction, about: source).candidates.first?.text ?? ""
            }
            isRight = item.isOpen ? nil : try AnswerMatch.normalized(answer, item.answers) == 1
            facts = item.isOpen ? SceneFactCheck(answer, of: scene) : nil
            let map = try await assistant.heatmap(item.instruction, about: picture, answer: answer.isEmpty ? nil : answer)
            heat = HeatOverlay.draw(try map.mean(), rows: map.rows, columns: map.columns, over: shown)
        }

        var truth: String { item.isOpen ? "for example: \(item.answers.first ?? "")" : item.answers.joined(separator: " or ") }

        var verdict: String {
            if let facts { return "\(facts.right.count) of \(facts.facts.count) facts right" }
            return isRight == true ? "right" : "wrong"
        }

        /// Few words of whatever a model says.
        var shortAnswer: String {
            let text = printable(answer).replacingOccurrences(of: "\n", with: " ")
            return text.count > 100 ? text.prefix(99) + "…" : text
        }
    }

    private func sheet(_ interview: SceneInterview, _ shown: RGBImage, _ replies: [Reply]) -> RGBImage {
        let first = CaptionedSheet.Tile(
            shown, [("Scene \(seed)", .bold), (SceneDescription(interview.scene).text, .faint)])
        let others = replies.map { reply in
            CaptionedSheet.Tile(
                reply.heat,
                [
                    (reply.item.question, .bold), (reply.shortAnswer, reply.isRight.map { $0 ? .good : .bad } ?? .plain),
                    (reply.isRight == false ? "true is: \(reply.truth)" : reply.verdict, .faint),
                ])
        }
        return CaptionedSheet([first] + others, columns: 3).picture()
    }

    private func tell(_ interview: SceneInterview, _ replies: [Reply]) throws {
        let whose = modelOptions.checkpoint.given ?? "the small model built in"
        try writeOutput("Scene \(seed), which no training has seen, asked of \(whose). \(SceneDescription(interview.scene).text)\n\n")
        let rows = replies.map { [$0.item.question, $0.shortAnswer, $0.truth, $0.verdict] }
        try writeOutput(TextTable(["asked", "answered", "true is", ""], rows).text)
        try writeOutput("\n\(out): the scene, and where the Q-Former found what each answer rests on\n")
    }

    private struct Score: Encodable {
        let benchmark, metric: String
        let value: Double
        let stderr: Double?
        let count: Int
    }

    private func measure(_ assistant: Assistant) async throws -> Score {
        let benchmark = try BenchmarkCatalog.benchmark(Self.benchmark)
        let samples = try EvaluationSamples(benchmark, root: "", limit: .count(score))
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("instructblip-demo-\(UUID().uuidString)")
        var run = EvaluationRun(benchmark, samples, folder: folder)
        run.batchSize = 32
        let bar = ProgressBar(Self.benchmark, .items)
        defer {
            bar.finish()
            // Whatever is left of it lies where the system clears up.
            try? FileManager.default.removeItem(at: folder)
        }
        let outcomes = try await run.predict(with: { assistant }) { bar.update($0.done, of: $0.total) }
        let scores = try BenchmarkScores(benchmark, samples, outcomes ?? [])
        guard let metric = scores.metrics.first else {
            throw EvaluationError.nothingToEvaluate(benchmark: Self.benchmark, reason: "it has no metric")
        }
        return Score(
            benchmark: benchmark.name, metric: metric.name, value: metric.value, stderr: metric.standardError, count: metric.count)
    }

    private struct Report: Encodable {
        struct Item: Encodable {
            let name, instruction, answer: String
            let truth: [String]
            let right: Bool?
            let factsRight: Double?

            enum CodingKeys: String, CodingKey {
                case name, instruction, answer, truth, right
                case factsRight = "facts_right"
            }
        }

        let seed: UInt64
        let model, picture: String
        let items: [Item]
        let score: Score?

        init(_ demo: Demo, _ replies: [Reply], _ score: Score?) {
            (seed, model, picture, self.score) = (demo.seed, demo.modelOptions.checkpoint.model, demo.out, score)
            items = replies.map {
                Item(
                    name: $0.item.name, instruction: $0.item.instruction, answer: $0.answer, truth: $0.item.answers, right: $0.isRight,
                    factsRight: $0.facts?.score)
            }
        }
    }
}
