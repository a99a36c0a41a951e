import BlipImages
import BlipTestSupport
import Foundation
import Testing

/// Benchmarks that score a network while it is trained, as `instructblip train` does it.
@Suite("Training is validated on benchmarks") struct TrainBenchmarkTests {
    /// OKVQA's validation (written answers) and VSR's test (ranked ones) beside LLaVA's conversations, and a plan.
    private func write(_ folder: URL, _ validation: String, steps: Int = 4) throws -> URL {
        let root = folder.appendingPathComponent("data")
        func put(_ path: String, _ data: Data) throws {
            let file = root.appendingPathComponent(path)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try data.write(to: file)
        }
        var (records, questions, annotations): ([Any], [Any], [Any]) = ([], [], [])
        var statements = ""
        for number in 0..<7 {
            let colour: [UInt8] = [UInt8(number * 35), 90, UInt8(220 - number * 30)]
            let pixels: [UInt8] = (0..<64).flatMap { _ in colour }
            let picture = Data(try RGBImage(width: 8, height: 8, pixels: pixels).pngData())
            let name = String(format: "%012d", number)
            try put("coco/train2017/\(name).jpg", picture)
            try put("coco/val2014/COCO_val2014_\(name).jpg", picture)
            let turns = [
                ["from": "human", "value": "<image>\nWhich one is \(number)?"], ["from": "gpt", "value": "a red circle and a house"],
            ]
            records.append(["id": "\(number)", "image": "\(name).jpg", "conversations": turns])
            questions.append(["image_id": number, "question": "What is in picture \(number)?", "question_id": 100 + number])
            let answers = (0..<10).map {
                ["answer_id": $0, "answer": "house", "raw_answer": "house", "answer_confidence": "yes"] as [String: Any]
            }
            annotations.append([
                "image_id": number, "question_id": 100 + number, "question_type": "one", "answer_type": "other", "answers": answers,
            ])
            statements +=
                #"{"image": "\#(name).jpg", "image_link": "http://images.cocodataset.org/train2017/\#(name).jpg", "caption": "The house is left of the car.", "label": \#(number % 2), "relation": "left of", "annotator_id": 1, "vote_true_validator_id": "[]", "vote_false_validator_id": "[]"}"#
                + "\n"
        }
        try put("llava/detail_23k.json", JSONSerialization.data(withJSONObject: records))
        try put("okvqa/OpenEnded_mscoco_val2014_questions.json", JSONSerialization.data(withJSONObject: ["questions": questions]))
        try put("okvqa/mscoco_val2014_annotations.json", JSONSerialization.data(withJSONObject: ["annotations": annotations]))
        try put("vsr/data/splits/zeroshot/test.jsonl", Data(statements.utf8))
        let plan = folder.appendingPathComponent("plan.yaml")
        let text = """
            model: \(Fixtures.checkpoint("flan-t5").path)
            output: run
            data: {root: data, datasets: [llava_detail], exclude: nothing}
            training: {steps: \(steps), batch: 4, learning_rate: 2.0e-2, warmup_steps: 1, dropout: true, augmentation: none, workers: 1, ema: 0.5}
            checkpoints: {every: 100, keep: 5}
            validation: {every: 2, \(validation)}
            """
        try Data(text.utf8).write(to: plan)
        return plan
    }

    private func metrics(_ run: URL) throws -> [[String: Double]] {
        try String(contentsOf: run.appendingPathComponent("log.jsonl"), encoding: .utf8).split(separator: "\n").compactMap { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return object?["event"] as? String == "validation" ? object?["metrics"] as? [String: Double] : nil
        }
    }

    @Test("what is logged is what eval measures of the merged checkpoint, with one process and with two; a best one is chosen by it")
    func same() async throws {
        try await withTemporaryFolder { folder in
            let plan = try write(folder, "benchmarks: [okvqa, vsr], best: vsr")
            let one = folder.appendingPathComponent("run")
            let trained = try Program.run(["train", plan.path, "--threads", "1"])
            #expect(trained.status == 0, "\(trained.errors)")
            for said in ["step 2: okvqa ", "(vqa_accuracy of 7 samples)", "step 4: vsr ", ", the best so far"] {
                #expect(trained.errors.contains(said), "\(trained.errors)")
            }
            let found = try metrics(one)
            #expect(found.count == 2 && found.allSatisfy { Set($0.keys) == ["okvqa/vqa_accuracy", "vsr/multiple_choice_accuracy"] })
            let merged = folder.appendingPathComponent("merged")
            let last = one.appendingPathComponent("checkpoint-4")
            #expect(try Program.run(["train", "merge", last.path, "--output", merged.path]).status == 0)
            let evaluated = try Program.run([
                "eval", "--model", merged.path, "--benchmarks", "okvqa,vsr", "--root", folder.appendingPathComponent("data").path, "--out",
                folder.appendingPathComponent("eval").path, "--json", "--threads", "1",
            ])
            let scores = try #require(try evaluated.json() as? [String: [String: [String: Any]]], "\(evaluated.errors)")
            #expect(scores["okvqa"]?["vqa_accuracy"]?["value"] as? Double == found[1]["okvqa/vqa_accuracy"])
            #expect(scores["vsr"]?["multiple_choice_accuracy"]?["value"] as? Double == found[1]["vsr/multiple_choice_accuracy"])
            // Weights that do not change are the same in every process: so are their numbers.
            let still = ["--threads", "1", "--set", "training.learning_rate=0", "--set", "training.warmup_learning_rate=0"]
            let (alone, two) = (folder.appendingPathComponent("alone"), folder.appendingPathComponent("two"))
            #expect(try Program.run(["train", plan.path, "--output", alone.path] + still).status == 0)
            let launched = try Program.run(["launch", "--workers", "2", "train", plan.path, "--output", two.path] + still)
            #expect(launched.status == 0, "\(launched.errors)")
            #expect(try metrics(two) == metrics(alone) && metrics(two).count == 2)
            let state = try #require(
                try JSONSerialization.jsonObject(with: Data(contentsOf: last.appendingPathComponent("trainer_state.json")))
                    as? [String: Any])
            let best = try #require(state["best"] as? [String: Any])
            #expect(best["metric"] as? String == "vsr" && best["loss"] == nil)
            let plot = try Program.run(["train", "plot", one.path, "--output", folder.appendingPathComponent("curves.svg").path])
            #expect(plot.status == 0, "\(plot.errors)")
        }
    }

    @Test("mistakes are told before the first step, and samples that cannot be asked are counted")
    func errors() async throws {
        try await withTemporaryFolder { folder in
            let typo = try Program.run(["train", write(folder, "benchmarks: [okvga]").path])
            #expect(typo.status == 64 && typo.errors.contains("did you mean okvqa"), "\(typo.errors)")
            let absent = try Program.run(["train", write(folder, "benchmarks: [gqa]").path])
            #expect(absent.status != 0 && absent.errors.contains("gqa") && !absent.errors.contains("training:"))
            let plan = try write(folder, "benchmarks: [vsr], limit: 3", steps: 2)
            try Data("no picture".utf8).write(to: folder.appendingPathComponent("data/coco/train2017/000000000004.jpg"))
            let run = try Program.run([
                "train", plan.path, "--set", "data.datasets=[llava_detail]", "--set", "data.max_bad_samples=100", "--output",
                folder.appendingPathComponent("bad").path,
            ])
            #expect(
                run.status == 0 && run.errors.contains("(multiple_choice_accuracy of 2 samples, 1 failed, the first because"),
                "\(run.errors)")
        }
    }
}
