import BlipImages
import BlipTestSupport
import Foundation
import Testing

/// `instructblip eval` on small data in official formats, through a tiny model.
@Suite("The eval verb") struct EvalTests {
    private static let count = 10

    /// OKVQA (written answers) and ScienceQA (ranked ones) below a folder.
    private func write(_ root: URL) throws {
        func put(_ path: String, _ object: Any) throws {
            let file = root.appendingPathComponent(path)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try JSONSerialization.data(withJSONObject: object).write(to: file)
        }
        var (questions, annotations, problems): ([[String: Any]], [[String: Any]], [String: Any]) = ([], [], [:])
        for number in 0..<Self.count {
            let image = RGBImage(width: 8, height: 8, pixels: (0..<64).flatMap { _ in [UInt8(number * 25), 90, UInt8(200 - number * 20)] })
            let data = Data(try image.pngData())
            let name = "coco/val2014/COCO_val2014_\(String(format: "%012d", number)).jpg"
            for path in [name, "scienceqa/images/test/\(number)/image.png"] {
                let file = root.appendingPathComponent(path)
                try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try data.write(to: file)
            }
            questions.append(["image_id": number, "question": "What is in picture \(number)?", "question_id": 100 + number])
            annotations.append([
                "image_id": number, "question_id": 100 + number, "question_type": number % 2 == 0 ? "one" : "two", "answer_type": "other",
                "answers": (0..<10).map { ["answer_id": $0, "answer": "house", "raw_answer": "house", "answer_confidence": "yes"] },
            ])
            problems["\(number)"] = [
                "question": "Which of them?", "choices": ["a house", "a circle", "night"], "answer": number % 3, "hint": "Look.",
                "image": "image.png",
                "task": "closed choice", "grade": "grade2", "subject": number % 2 == 0 ? "natural science" : "social science", "topic": "t",
                "category": "c", "skill": "s", "lecture": "l", "solution": "x", "split": "test",
            ]
        }
        try put("okvqa/OpenEnded_mscoco_val2014_questions.json", ["questions": questions])
        try put("okvqa/mscoco_val2014_annotations.json", ["annotations": annotations])
        try put("scienceqa/problems.json", problems)
        try put("scienceqa/pid_splits.json", ["test": (0..<Self.count).map(String.init)])
    }

    private func arguments(_ root: URL, _ out: URL, _ more: [String] = []) -> [String] {
        [
            "eval", "--model", Fixtures.checkpoint("flan-t5").path, "--benchmarks", "okvqa,scienceqa", "--root", root.path, "--out",
            out.path,
            "--threads", "1", "--json",
        ] + more
    }

    /// What must be the same however it was computed.
    private func files(_ out: URL) throws -> [Data] {
        let names = try FileManager.default.contentsOfDirectory(atPath: out.path).filter { $0.hasPrefix("samples_") }.sorted()
        #expect(names.count == 2)
        return try (names + ["predictions/okvqa.jsonl", "predictions/scienceqa.jsonl"]).map {
            try Data(contentsOf: out.appendingPathComponent($0))
        }
    }

    @Test("batched, in two processes, stopped and resumed: the same files; the report tells what was asked and found")
    func same() async throws {
        try await withTemporaryFolder { folder in
            let root = folder.appendingPathComponent("data")
            try write(root)
            let one = folder.appendingPathComponent("one")
            let whole = try Program.run(arguments(root, one, ["--batch", "1"]))
            #expect(whole.status == 0, "\(whole.errors)")
            let scores = try whole.json()
            let okvqa = try #require((scores["okvqa"] as? [String: Any])?["vqa_accuracy"] as? [String: Any])
            #expect(okvqa["count"] as? Int == Self.count && okvqa["value"] is Double)
            let expected = try files(one)
            let many = folder.appendingPathComponent("many")
            #expect(try Program.run(arguments(root, many, ["--batch", "16"])).status == 0)
            #expect(try files(many) == expected)
            let two = folder.appendingPathComponent("two")
            let launched = try Program.run(["launch", "--workers", "2"] + arguments(root, two))
            #expect(launched.status == 0, "\(launched.errors)")
            #expect(try files(two) == expected)
            // What a stopped run has left: some lines, and the half of another.
            let cut = folder.appendingPathComponent("cut/predictions")
            try FileManager.default.createDirectory(at: cut, withIntermediateDirectories: true)
            try expected[2].prefix(expected[2].count * 2 / 3).write(to: cut.appendingPathComponent("okvqa.jsonl"))
            #expect(try Program.run(arguments(root, cut.deletingLastPathComponent(), ["--resume"])).status == 0)
            #expect(try files(cut.deletingLastPathComponent()) == expected)

            let results = try #require(try FileManager.default.contentsOfDirectory(atPath: one.path).first { $0.hasPrefix("results_") })
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(contentsOf: one.appendingPathComponent(results))) as? [String: Any])
            for key in [
                "results", "configs", "versions", "n-shot", "higher_is_better", "n-samples", "config", "task_hashes", "date", "published",
            ] {
                #expect(object[key] != nil, "\(key)")
            }
            let found = try #require((object["results"] as? [String: Any])?["scienceqa"] as? [String: Any])
            #expect(found["multiple_choice_accuracy,none"] is Double && found["multiple_choice_accuracy_stderr,none"] is Double)
            let report = try String(contentsOf: one.appendingPathComponent("report.html"), encoding: .utf8)
            #expect(
                report.contains("data:image/png;base64") && report.contains("What is in picture 3?")
                    && report.contains("InstructBLIP FlanT5-XL"))
            #expect(try String(contentsOf: one.appendingPathComponent("results.md"), encoding: .utf8).contains("| 62.1 |"))

            let compared = try Program.run(["eval", "compare", one.path, many.path, "--json"])
            let first = try #require(compared.output.split(separator: "\n").first)
            let part = try #require(try JSONSerialization.jsonObject(with: Data(first.utf8)) as? [String: Any])
            #expect(part["difference"] as? Double == 0 && part["significance"] as? Double == 1 && part["changed"] as? Int == 0)

            // Predictions of another model, or made in another way, are not taken for its own.
            let other = ["--model", Fixtures.checkpoint("vicuna").path]
            for (changed, word) in [(other, "another model"), (["--num-beams", "2"], "another num_beams")] {
                let refused = try Program.run(arguments(root, one, changed))
                #expect(refused.status == 65 && refused.errors.contains(word), "\(refused.errors)")
            }
            #expect(try files(one) == expected)
        }
    }

    @Test("options, limits and submissions")
    func options() async throws {
        try await withTemporaryFolder { folder in
            let root = folder.appendingPathComponent("data")
            try write(root)
            let out = folder.appendingPathComponent("out")
            let run = try Program.run(
                arguments(
                    root, out,
                    ["--limit", "0.5", "--set", "scienceqa.context=none", "--set", "okvqa.prompt=Q: {question} A:", "--submission"]))
            #expect(run.status == 0, "\(run.errors)")
            let lines = try String(contentsOf: out.appendingPathComponent("predictions/okvqa.jsonl"), encoding: .utf8).split(
                separator: "\n")
            #expect(lines.count == 5 && lines[1].contains("Q: What is in picture 2? A:"))
            let science = try String(contentsOf: out.appendingPathComponent("predictions/scienceqa.jsonl"), encoding: .utf8)
            #expect(science.contains("\"Question: Which of them?") && !science.contains("Look."))
            let submission = try #require(
                try JSONSerialization.jsonObject(with: Data(contentsOf: out.appendingPathComponent("submission_okvqa.json")))
                    as? [[String: Any]])
            #expect(submission.map { $0["question_id"] as? Int } == [100, 102, 104, 106, 108] && submission[0]["answer"] is String)
            // Another prompt is another question: the old predictions do not pass for its answers.
            let other = try Program.run(arguments(root, out, ["--limit", "0.5"]))
            #expect(other.status != 0 && other.errors.contains("is another one"))
        }
    }

    @Test("scenes need no files: single pictures, clips, and instructions of their own")
    func scenes() async throws {
        try await withTemporaryFolder { folder in
            let out = folder.appendingPathComponent("out")
            let model = Fixtures.checkpoint("flan-t5").path
            let run = try Program.run([
                "eval", "--model", model, "--benchmarks", "scenes_vqa,scenes_clip_action,scenes_detail,scenes_memes", "--limit", "10",
                "--out",
                out.path, "--threads", "1", "--json", "--max-tokens", "8",
            ])
            #expect(run.status == 0, "\(run.errors)")
            let scores = try run.json()
            for (name, metric) in [
                ("scenes_vqa", "vqa_accuracy"), ("scenes_clip_action", "multiple_choice_accuracy"), ("scenes_detail", "rouge_l"),
                ("scenes_memes", "roc_auc"),
            ] {
                let score = try #require((scores[name] as? [String: Any])?[metric] as? [String: Any], "\(name)")
                #expect(score["count"] as? Int == 10)
            }
            let refused = try Program.run(["eval", "--model", model, "--benchmarks", "scenes_vqa,okvqa", "--out", out.path])
            #expect(refused.status == 64 && refused.errors.contains("--root is missing: okvqa"))
            let noSplit = try Program.run([
                "eval", "--model", model, "--benchmarks", "scenes-held-out", "--split", "val", "--out", out.path,
            ])
            #expect(noSplit.status != 0 && noSplit.errors.contains("scenes_unseen_caption"))
        }
    }

    @Test("without the right picture: told in the results, and not mixed with what was asked with it; the commit is kept")
    func pictures() async throws {
        try await withTemporaryFolder { folder in
            let commit = String(repeating: "0123456789", count: 4)
            try FileManager.default.createDirectory(at: folder.appendingPathComponent(".git"), withIntermediateDirectories: true)
            try Data(commit.utf8).write(to: folder.appendingPathComponent(".git/HEAD"))
            func run(_ picture: String, _ out: String) throws -> Program.Outcome {
                try Program.run(
                    [
                        "eval", "--model", Fixtures.checkpoint("flan-t5").path, "--benchmarks", "scenes_caption,scenes_vsr", "--limit", "6",
                        "--out", out, "--threads", "1", "--max-tokens", "8", "--picture", picture,
                    ], in: folder)
            }
            func results(_ out: String) throws -> [String: Any] {
                let out = folder.appendingPathComponent(out)
                let name = try #require(try FileManager.default.contentsOfDirectory(atPath: out.path).first { $0.hasPrefix("results_") })
                return try #require(
                    try JSONSerialization.jsonObject(with: Data(contentsOf: out.appendingPathComponent(name))) as? [String: Any])
            }
            func predictions(_ out: String) throws -> String {
                try String(contentsOf: folder.appendingPathComponent("\(out)/predictions/scenes_vsr.jsonl"), encoding: .utf8)
            }
            for picture in ["given", "none", "shuffled"] {
                let outcome = try run(picture, picture)
                #expect(outcome.status == 0 && outcome.output.contains("caption_facts"), "\(outcome.errors)")
                let results = try results(picture)
                let config = try #require((results["configs"] as? [String: Any])?["scenes_vsr"] as? [String: Any])
                #expect(config["picture"] as? String == picture && results["git_hash"] as? String == commit)
                let scores = try #require((results["results"] as? [String: Any])?["scenes_caption"] as? [String: Any])
                #expect(scores["caption_facts,none"] is Double && scores["caption_facts_stderr,none"] is Double)
                #expect(try predictions(picture).split(separator: "\n").count == 6)
            }
            #expect(try predictions("given") != predictions("none") && predictions("given") != predictions("shuffled"))
            let mixed = try run("none", "given")
            #expect(mixed.status != 0 && mixed.errors.contains("is another one"))
            #expect(try run("some", "x").status == 64)
        }
    }

    @Test("what cannot be asked is an error that is counted, and mistakes are told at once")
    func errors() async throws {
        try await withTemporaryFolder { folder in
            let root = folder.appendingPathComponent("data")
            try write(root)
            try Data("no picture".utf8).write(to: root.appendingPathComponent("coco/val2014/COCO_val2014_000000000003.jpg"))
            let out = folder.appendingPathComponent("out")
            let run = try Program.run(arguments(root, out))
            #expect(run.status == 65 && run.errors.contains("COCO_val2014_000000000003.jpg"))
            let okvqa = try #require((try run.json()["okvqa"] as? [String: Any])?["vqa_accuracy"] as? [String: Any])
            #expect(okvqa["count"] as? Int == Self.count - 1)
            for (more, said) in [
                (["--set", "scienceqa.contxt=none"], "has no option"), (["--limit", "0"], "--limit must be"),
                (["--set", "vsr.answering=rank"], "not among"),
                (["--batch", "0"], "--batch must be"),
            ] {
                let refused = try Program.run(arguments(root, folder.appendingPathComponent("x"), more))
                #expect(refused.status != 0 && refused.errors.contains(said), "\(refused.errors)")
            }
            let unknown = try Program.run(["eval", "--model", "m", "--benchmarks", "okvga", "--root", root.path, "--out", out.path])
            #expect(unknown.status == 64 && unknown.errors.contains("did you mean okvqa"))
            let missing = try Program.run(["eval", "--model", "m", "--benchmarks", "gqa", "--root", root.path, "--out", out.path])
            #expect(missing.status != 0 && missing.errors.contains("gqa"))
            let list = try Program.run(["eval", "list", "--all"])
            #expect(list.status == 0 && list.output.contains("hatefulmemes") && list.output.contains("since issue"))
        }
    }
}
