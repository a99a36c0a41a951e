import BlipTestSupport
import Foundation
import Testing

/// `score`, as somebody with a terminal uses it.
@Suite("score computes metrics from files") struct ScoreTests {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("score-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func write(_ text: String, _ name: String) throws -> String {
        let url = folder.appendingPathComponent(name)
        try Data(text.utf8).write(to: url)
        return url.path
    }

    private func score(_ metric: String, _ predictions: String, _ references: String, _ more: String...) throws -> Program.Outcome {
        try Program.run(["score", "--metric", metric, "--predictions", predictions, "--references", references] + more)
    }

    @Test("score --json writes value, stderr, interval and count of each metric, equal to the official scorers'")
    func json() throws {
        let stored = try Data(contentsOf: Fixtures.root.appendingPathComponent("metrics/captions.json"))
        let corpus = try #require(try JSONSerialization.jsonObject(with: stored) as? [String: Any])
        let samples = try #require(corpus["samples"] as? [[String: Any]])
        let captions = samples.enumerated().map { ["image_id": $0, "caption": $1["prediction"] ?? ""] }
        let annotations = samples.enumerated().flatMap { number, sample in
            (sample["references"] as? [String] ?? []).map { ["image_id": number, "caption": $0] as [String: Any] }
        }
        let predictions = try write(String(decoding: try JSONSerialization.data(withJSONObject: captions), as: UTF8.self), "p.json")
        let references = try write(
            String(decoding: try JSONSerialization.data(withJSONObject: ["images": [], "annotations": annotations]), as: UTF8.self),
            "r.json")
        let outcome = try score("caption", predictions, references, "--json", "--resamples", "10")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let json = try #require(try outcome.json() as? [String: [String: Any]])
        #expect(
            Set(json.keys) == [
                "bleu_1", "bleu_2", "bleu_3", "bleu_4", "cider", "cider_d", "cider_plain", "rouge_l", "caption_length",
            ])
        #expect(Set(try #require(json["cider"]).keys) == ["value", "stderr", "interval", "count"])
        #expect(abs(try #require(json["cider"]?["value"] as? Double) - (try #require(corpus["cider"] as? Double))) < 1e-6)
        #expect(abs(try #require(json["bleu_4"]?["value"] as? Double) - (try #require(corpus["bleu"] as? [Double])[3])) < 1e-6)
        let one = try score("cider", predictions, references, "--json", "--resamples", "10")
        #expect(Set(try one.json().keys) == ["cider"])
    }

    @Test("score --list says direction, unit, meaning and source of every metric")
    func list() throws {
        let outcome = try Program.run(["score", "--list"])
        #expect(outcome.status == 0)
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix("mean_rank") && $0.contains("lower") })
        #expect(lines.contains { $0.hasPrefix("vqa_accuracy ") && $0.contains("fraction") && $0.contains("vqaEval.py") })
        #expect(try Program.run(["score", "--list", "--json"]).output.hasPrefix("[{"))
    }

    @Test("Missing predictions end with 65 and the remedy, which scores the rest and says so")
    func partial() throws {
        let references = try write("{\"id\": 1, \"answer\": \"a\"}\n{\"id\": 2, \"answer\": \"b\"}\n", "r.jsonl")
        let predictions = try write("{\"id\": 1, \"answer\": \"a\"}\n{\"id\": 3, \"answer\": \"a\"}\n", "p.jsonl")
        let whole = try score("exact_match", predictions, references)
        #expect(whole.status == 65 && whole.errors.contains("--partial") && whole.errors.contains("(3)"))
        let partial = try score("exact_match", predictions, references, "--partial", "--json")
        #expect(partial.status == 0, "\(partial.errors)")
        #expect(partial.errors.contains("note: left out, without a prediction: 1 of"))
        #expect(partial.errors.contains("without a reference: 1 of"))
        let json = try #require(try partial.json() as? [String: [String: Any]])
        #expect(json["exact_match"]?["value"] as? Double == 1 && json["exact_match"]?["count"] as? Int == 1)
        #expect(json["exact_match"]?["stderr"] is NSNull)
    }

    @Test("Wrong usage, missing files and files of another form end with 64, 66 and 65")
    func refusals() throws {
        let file = try write("[]", "e.json")
        #expect(try Program.run(["score"]).status == 64)
        #expect(try score("vqa", file, file, "--resamples", "1").status == 64)
        #expect(try score("vqa", file, file, "--references", file).status == 64)
        let unknown = try score("ciderr", file, file)
        #expect(unknown.status == 64 && unknown.errors.contains("did you mean cider"))
        #expect(try score("vqa", folder.appendingPathComponent("none").path, file).status == 66)
        #expect(try score("vqa", file, file).status == 65)
        #expect(try score("caption", try write("{\"a\": 1}", "o.json"), file).status == 65)
    }
}
