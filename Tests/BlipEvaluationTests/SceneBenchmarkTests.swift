import BlipData
import BlipMetrics
import BlipScenes
import Testing

@testable import BlipEvaluation

@Suite("Scenes as benchmarks") struct SceneBenchmarkTests {
    /// Samples of a benchmark with what the world says is right, before the benchmark changes anything.
    private func samples(_ name: String, _ count: Int) throws -> (EvaluationBenchmark, EvaluationSamples, right: [SceneContent]) {
        let benchmark = try BenchmarkCatalog.benchmark(name)
        let samples = try EvaluationSamples(benchmark, root: "/nowhere", limit: .count(count))
        let task = try #require(SceneCatalog.tasks.first { $0.name == name })
        let scenes = try SceneSamples(task, benchmark.split)
        return (benchmark, samples, try samples.places.map { try scenes.content($0) })
    }

    /// What somebody answers who knows, or one who is always wrong.
    private func prediction(_ item: EvaluationItem, _ content: SceneContent, isRight: Bool) throws -> Prediction {
        if let candidates = item.candidates {
            let question = try #require(item.question)
            let correct = try #require(question.correct)
            // Of words that mean yes or no the right ones are the first half or the second.
            let isPaired = candidates != question.choices
            let scores = candidates.indices.map { place -> Double in
                let isMeant = isPaired ? (place < candidates.count / 2) == (correct == 0) : place == correct
                return isMeant == isRight ? -1 : -5
            }
            return Prediction("", scores: scores)
        }
        guard isRight else { return Prediction("zzz") }
        switch content.task {
        case .caption(let captions): return Prediction(captions.references[0])
        case .question(let question): return Prediction(try #require(question.answers.max { $0.weight < $1.weight }).text)
        case .questionGeneration(let question): return Prediction(question.text)
        case .instruction(let written): return Prediction(written.response ?? "")
        }
    }

    @Test("who knows the scenes has full marks, and who is always wrong has none", arguments: BenchmarkCatalog.scenes)
    func scores(_ name: String) throws {
        let (benchmark, samples, contents) = try samples(name, 60)
        func score(isRight: Bool) throws -> BenchmarkScores {
            let outcomes = try contents.enumerated().map { number, content in
                Result<Prediction, EvaluationFailure>.success(try prediction(samples.item(number), content, isRight: isRight))
            }
            return try BenchmarkScores(benchmark, samples, outcomes)
        }
        let (right, wrong) = (try score(isRight: true), try score(isRight: false))
        #expect(right.metrics[0].name == benchmark.headline && right.failures.isEmpty)
        #expect(right.metrics[0].value >= (benchmark.headline == "cider" ? 2 : 0.99), "\(right.metrics[0].value)")
        // Nobody can be wronger about an order of 20 than to put the right one last.
        #expect(wrong.metrics[0].value <= (benchmark.headline == "mrr" ? 0.06 : 0.05), "\(wrong.metrics[0].value)")
        for metric in right.metrics { #expect(MetricCatalog.all.contains { metric.name.hasPrefix($0.name) }, "\(metric.name)") }
    }

    @Test(
        "every sample of every set is asked in words, with its pictures and what it can be answered with",
        arguments: BenchmarkCatalog.scenes)
    func items(_ name: String) throws {
        let (benchmark, samples, _) = try samples(name, 25)
        #expect(!benchmark.needsFiles && samples.count == 25)
        let isClip = try NamedDatasets.dataset(name).card.category == .videoQuestions
        for number in 0..<samples.count {
            let item = try samples.item(number)
            #expect(!item.instruction.isEmpty && !item.instruction.contains("{") && !item.references.isEmpty)
            #expect(item.sample.images.count == (isClip ? 4 : 1))
            if case .rank = benchmark.answering { #expect(item.candidates?.isEmpty == false) } else { #expect(item.candidates == nil) }
        }
    }

    @Test("held-in sets have a split for choosing and one to report, held-out ones only the latter")
    func splits() throws {
        for benchmark in try BenchmarkCatalog.benchmarks(named: ["scenes"]) {
            #expect(benchmark.split == .test)
            let chosen = try benchmark.setting("split", to: "val")
            if try benchmark.role == .heldIn {
                #expect(try EvaluationSamples(chosen, root: "").originalCount == 2000)
            } else {
                #expect(throws: DataError.missingSplit(dataset: benchmark.name, split: "val", available: ["test"])) {
                    try EvaluationSamples(chosen, root: "")
                }
            }
        }
    }

    @Test("groups are their members, and nothing is asked twice")
    func groups() throws {
        #expect(try BenchmarkCatalog.benchmarks(named: ["scenes-held-out", "scenes_vqa", "scenes"]).count == 22)
        #expect(try BenchmarkGroup.scenesHeldIn.benchmarks.count == 9 && BenchmarkGroup.scenesHeldOut.benchmarks.count == 13)
        #expect(try BenchmarkGroup.all.benchmarks.count == 42 && BenchmarkGroup.paper.benchmarks.count == 20)
        #expect { try BenchmarkCatalog.benchmarks(named: ["scenes_vqb"]) } throws: { "\($0)".contains("did you mean scenes_vqa") }
        #expect { try BenchmarkCatalog.benchmarks(named: ["scene"]) } throws: { "\($0)".contains("scenes") }
    }

    @Test("kinds of questions are scored apart, and what is written in capitals can be right")
    func breakdown() throws {
        let (benchmark, samples, contents) = try samples("scenes_vqa", 200)
        let outcomes = try contents.enumerated().map { number, content -> Result<Prediction, EvaluationFailure> in
            let isColor = content.facts["question_type"] == "color"
            return .success(try prediction(samples.item(number), content, isRight: isColor))
        }
        let groups = try BenchmarkScores(benchmark, samples, outcomes).groups
        #expect(groups.count == 9)
        for group in groups {
            #expect(group.name == "color" ? group.score.value > 0.97 : group.score.value == 0, "\(group.name)")
        }
        let written = try self.samples("scenes_textvqa", 5)
        #expect(try (0..<5).allSatisfy { try written.1.item($0).references.allSatisfy { $0 == $0.lowercased() } })
    }

    @Test(
        "facts of captions and descriptions are counted, with errors, and what is wrong is told",
        arguments: ["scenes_caption", "scenes_textcaps", "scenes_unseen_caption", "scenes_sketch_caption", "scenes_detail"])
    func facts(_ name: String) throws {
        let (benchmark, samples, contents) = try samples(name, 30)
        var outcomes = try contents.enumerated().map { number, content in
            Result<Prediction, EvaluationFailure>.success(try prediction(samples.item(number), content, isRight: true))
        }
        outcomes[3] = .success(Prediction("nine green dragons"))
        outcomes[4] = .failure(EvaluationFailure(reason: "no picture"))
        let scores = try BenchmarkScores(benchmark, samples, outcomes)
        func metric(_ name: String) throws -> MetricScore { try #require(scores.metrics.first { $0.name == name }) }
        for name in ["caption_facts", "caption_facts_faultless"] {
            let found = try metric(name)
            #expect(abs(found.value - 28.0 / 29) < 1e-12 && found.count == 29 && found.standardError != nil && found.interval != nil)
        }
        #expect(try abs(metric("caption_facts_unparsed").value - 1.0 / 29) < 1e-12)
        #expect(try metric("caption_facts_kind").value == 1 && metric("caption_facts_recall").value > 0.3)
        #expect(scores.remarks[3] == ["not understood: nine green dragons"] && scores.remarks[2] == [] && scores.remarks[4] == nil)
        // Another picture does not change what the caption should say.
        let shuffled = try EvaluationSamples(benchmark, root: "", limit: .count(30), picture: .shuffled)
        #expect(try shuffled.item(0).scene == samples.item(0).scene && shuffled.item(0).images != samples.item(0).images)
    }

    @Test("a prompt cannot be put around instructions that samples bring")
    func ownInstructions() throws {
        let details = try BenchmarkCatalog.benchmark("scenes_detail")
        #expect(try details.bringsInstructions && details.headline == "rouge_l")
        #expect { try details.setting("prompt", to: "Describe.") } throws: { "\($0)".contains("brings its own instruction") }
        #expect(try BenchmarkCatalog.benchmark("scenes_vqg").setting("prompt", to: "{answer}?").template.text == "{answer}?")
    }
}
