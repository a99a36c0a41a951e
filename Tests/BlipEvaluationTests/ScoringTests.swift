import BlipData
import BlipMetrics
import Foundation
import Testing

@testable import BlipEvaluation

/// Scripted predictions, scored by hand.
@Suite("Predictions become scores") struct ScoringTests {
    private func scores(_ name: String, _ samples: [Sample], _ outcomes: EvaluationRun.Outcomes) throws -> BenchmarkScores {
        let benchmark = try BenchmarkCatalog.benchmark(name)
        return try BenchmarkScores(benchmark, EvaluationSamples(benchmark, ListedSamples(samples)), outcomes)
    }

    private func question(_ id: Int, _ question: VisualQuestion, _ facts: [String: String] = [:]) -> Sample {
        Sample(id: "\(id)", images: [], task: .question(question), facts: facts)
    }

    @Test("VQA accuracy counts people, and kinds of answers")
    func vqa() throws {
        let answers = [WeightedAnswer("red", weight: 8), WeightedAnswer("dark red", weight: 2)]
        let samples = [
            question(0, VisualQuestion("Colour?", answers: answers), ["answer_type": "other", "question_type": "what color"]),
            question(
                1, VisualQuestion("Is it?", answers: [WeightedAnswer("yes", weight: 10)]),
                ["answer_type": "yes/no", "question_type": "is it"]),
            question(2, VisualQuestion("Colour?", answers: answers), ["answer_type": "other", "question_type": "what color"]),
        ]
        let found = try scores(
            "okvqa", samples, [.success(Prediction("Red.")), .success(Prediction("no")), .success(Prediction("dark red"))])
        // Two of ten: for those two a third each, for the others two thirds.
        #expect(found.samples.map { $0.map { Int(($0 * 1000).rounded()) } } == [1000, 0, 600])
        let values = Dictionary(uniqueKeysWithValues: found.metrics.map { ($0.name, $0.value) })
        #expect(abs((values["vqa_accuracy"] ?? 0) - 1.6 / 3) < 1e-12 && found.metrics[0].name == "vqa_accuracy")
        #expect(abs((values["vqa_accuracy_other"] ?? 0) - 0.8) < 1e-12 && values["vqa_accuracy_yes_no"] == 0)
        #expect(found.groups.map(\.name) == ["what color", "is it"])
    }

    @Test("a choice is right or wrong, by likelihood; words that belong together count together")
    func choices() throws {
        let options = VisualQuestion("Which?", options: ["a", "b", "c"], correct: 1)
        let found = try scores(
            "scienceqa", [question(0, options), question(1, options)],
            [.success(Prediction("b", scores: [-3, -1, -2])), .success(Prediction("a", scores: [-1, -1, -2]))])
        #expect(found.samples == [1, 0] && found.metrics[0].value == 0.5)
        // yes and true together are likelier than no, the likeliest of all.
        let statement = VisualQuestion("A cat is there.", candidates: ["true", "false"], correct: 0)
        let scored = [log(0.3), log(0.3), log(0.35), log(0.05)]
        let vsr = try scores(
            "vsr", [question(0, statement), question(1, VisualQuestion("S", candidates: ["true", "false"], correct: 1))],
            [.success(Prediction("no", scores: scored)), .success(Prediction("no", scores: scored))])
        #expect(vsr.samples == [1, 0])
        let written = try BenchmarkCatalog.benchmark("vsr").setting("answering", to: "generate")
        let samples = try EvaluationSamples(
            written, ListedSamples([question(0, statement), question(1, statement), question(2, statement)]))
        let generated = try BenchmarkScores(
            written, samples, [.success(Prediction("Yes, it is")), .success(Prediction("false")), .success(Prediction("a cat"))])
        #expect(generated.samples == [1, 0, 0])
    }

    @Test("a right answer that is not among the candidates counts as wrong")
    func missingCandidate() throws {
        let asked = VisualQuestion("What?", answers: [WeightedAnswer("zebra")], candidates: ["cat", "dog"], correct: nil)
        #expect(try scores("msvd_qa", [question(0, asked)], [.success(Prediction("cat", scores: [0, -1]))]).samples == [0])
    }

    @Test("curves, dialogs and captions")
    func others() throws {
        let memes = (0..<4).map {
            question($0, VisualQuestion("Is it hateful?", candidates: ["yes", "no"], correct: $0 < 2 ? 0 : 1, context: "t"))
        }
        func shares(_ yes: Double) -> Prediction {
            Prediction("", scores: [log(yes / 2), log(yes / 2), log((1 - yes) / 2), log((1 - yes) / 2)])
        }
        let auc = try scores("hatefulmemes", memes, [0.9, 0.4, 0.5, 0.1].map { .success(shares($0)) })
        #expect(auc.metrics[0].name == "roc_auc" && auc.metrics[0].value == 0.75)
        var turn = VisualQuestion("Q?", candidates: ["a", "b", "c"], correct: 2)
        turn.relevance = [0, 0.5, 1]
        let dialog = try scores(
            "visdial", [question(0, turn), question(1, VisualQuestion("Q?", candidates: ["a", "b"], correct: 0))],
            [.success(Prediction("b", scores: [-3, -1, -2])), .success(Prediction("a", scores: [-1, -2]))])
        let values = Dictionary(uniqueKeysWithValues: dialog.metrics.map { ($0.name, $0.value) })
        #expect(values["mrr"] == 0.75 && values["recall_at_1"] == 0.5 && values["mean_rank"] == 1.5)
        let gain = (0.5 / log2(2) + 1 / log2(3)) / (1 / log2(2) + 0.5 / log2(3))
        #expect(abs((values["ndcg"] ?? 0) - gain) < 1e-12)
        let captions = ["a red circle on a table", "a dog runs in the park", "two people ride a horse"].enumerated().map {
            Sample(id: "\($0.offset)", images: [], task: .caption(Captions([$0.element, "\($0.element) today"])))
        }
        let cider = try scores(
            "nocaps", captions, ["a red circle on a table", "a dog runs in the park", "nothing"].map { .success(Prediction($0)) })
        #expect(cider.metrics[0].name == "cider" && cider.samples[2] == 0 && (cider.samples[0] ?? 0) > 5)
    }

    @Test("NoCaps has scores of its domains, with errors")
    func domains() throws {
        let captions = ["a red circle on a table", "a dog runs in the park", "two people ride a horse", "the sea at night"]
        let samples = captions.enumerated().map { number, caption in
            Sample(
                id: "\(number)", images: [], task: .caption(Captions([caption])),
                facts: number == 3 ? [:] : ["domain": number == 0 ? "out-domain" : "near-domain"])
        }
        let found = try scores("nocaps", samples, captions.map { .success(Prediction($0)) })
        let near = try #require(found.metrics.first { $0.name == "cider_near_domain" })
        #expect(near.count == 2 && near.standardError != nil && near.interval != nil && abs(near.value - 10) < 1e-9)
        // A single caption has no words that are rarer than others, and no error.
        let out = try #require(found.metrics.first { $0.name == "cider_out_domain" })
        #expect(out.count == 1 && out.value == 0 && out.standardError == nil)
        #expect(found.metrics[0].name == "cider" && found.metrics[0].count == 4)
        #expect(found.groups.map(\.name) == ["near-domain", "out-domain"])
    }

    @Test("iVQA's people may write numbers as words, and A-OKVQA leaves difficult questions out")
    func rewritten() throws {
        let answers = [WeightedAnswer("two", weight: 4), WeightedAnswer("T-shirt", weight: 1)]
        let ivqa = try scores(
            "ivqa", [0, 1, 2].map { question($0, VisualQuestion("How many?", answers: answers)) },
            ["Two", "t-shirt", "three"].map { .success(Prediction($0)) })
        #expect(ivqa.samples == [1, 0.5, 0])
        let people = [WeightedAnswer("bus", weight: 10)]
        let (usual, difficult) = (
            question(0, VisualQuestion("Q?", answers: people), ["difficult_direct_answer": "false"]),
            question(1, VisualQuestion("Q?", answers: people), ["difficult_direct_answer": "true"])
        )
        let found = try scores("aokvqa", [usual, difficult], [.success(Prediction("bus"))])
        #expect(found.metrics[0].value == 1 && found.metrics[0].count == 1)
    }

    @Test("failures are listed and left out, and are never answers")
    func failures() throws {
        let sample = question(0, VisualQuestion("Q?", answers: [WeightedAnswer("yes", weight: 10)]))
        let failed = EvaluationFailure(reason: "there is no file x.jpg")
        let found = try scores("okvqa", [sample, sample], [.failure(failed), .success(Prediction("yes"))])
        #expect(found.metrics[0].value == 1 && found.metrics[0].count == 1 && found.samples == [nil, 1])
        #expect(found.failures.map(\.reason) == ["there is no file x.jpg"] && found.failures.map(\.number) == [0])
        #expect(throws: EvaluationError.allFailed(benchmark: "okvqa", count: 1, first: "there is no file x.jpg")) {
            try scores("okvqa", [sample], [.failure(failed)])
        }
        #expect(throws: EvaluationError.noReferences(benchmark: "okvqa", sample: "0")) {
            try scores("okvqa", [question(0, VisualQuestion("Q?"))], [.success(Prediction("yes"))])
        }
    }

    @Test("differences by chance are not significant, and large ones are")
    func significance() {
        #expect(EvaluationComparison.significance([], 1) == 1)
        #expect(EvaluationComparison.significance([0, 0], 1) == 1)
        // Of 16 ways to swap four equal differences, two are as large.
        #expect(abs(EvaluationComparison.significance([1, 1, 1, 1], 1) - 0.125) < 0.02)
        #expect(EvaluationComparison.significance(Array(repeating: 1, count: 30), 1) < 0.001)
        #expect(EvaluationComparison.significance((0..<100).map { $0 % 2 == 0 ? 1 : -1 }, 1) > 0.9)
    }
}
