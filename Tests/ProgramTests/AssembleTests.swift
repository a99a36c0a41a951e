import BlipTensors
import BlipTestSupport
import Foundation
import Testing

/// `instructblip assemble` as its users meet it, and the whole road that it is for.
@Suite("instructblip assemble") struct AssembleTests {
    private func fixture(_ path: String) -> String { Fixtures.root.appendingPathComponent(path).path }

    @Test("a report as JSON, or a line with notes beside it")
    func reports() async throws {
        try await withTemporaryFolder { parent in
            let arguments = ["assemble", "--kind", "blip2", "--vision", fixture("blip2/opt"), "--language", fixture("assembled/t5")]
            let (first, second) = (parent.appendingPathComponent("a").path, parent.appendingPathComponent("b").path)
            let outcome = try Program.run(arguments + ["--out", first, "--json"])
            #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
            let report = try outcome.json()
            #expect(report["architecture"] as? String == "BLIP-2" && report["folder"] as? String == first)
            #expect((report["tensors"] as? Int ?? 0) > 100 && (report["notes"] as? [String])?.isEmpty == false)
            let plain = try Program.run(arguments + ["--out", second, "--dtype", "bfloat16", "--seed", "5"])
            #expect(plain.output == "\(second): BLIP-2, \(report["tensors"] as? Int ?? 0) tensors, 0.00 GB\n", "\(plain.errors)")
            #expect(plain.errors.contains("note: as new, with the seed 5: language_projection."))
            let again = try Program.run(arguments + ["--out", second])
            #expect(again.status == 64 && again.errors.contains("choose an empty or a new folder"))
        }
    }

    @Test(
        "options that do not go together are explained",
        arguments: [
            (["--kind", "blip2"], "Give --vision"), (["--kind", "blip2", "--qformer", "random"], "Give --vision"),
            (["--kind", "blip2-retrieval", "--vision", "a", "--language", "b"], "has no use for --language"),
            (["--kind", "blip2", "--vision", "a", "--text-branch", "b"], "BLIP-2 has no use for --text-branch"),
            (["--kind", "blip2", "--vision", "a", "--qformer", "random"], "A random Q-Former also needs --language"),
            (["--kind", "blip3", "--vision", "a"], "'instructblip', 'blip2' or 'blip2-retrieval'"),
        ])
    func usage(_ arguments: [String], _ message: String) throws {
        let outcome = try Program.run(["assemble", "--out", "/nowhere/x"] + arguments)
        #expect(outcome.status == 64 && outcome.errors.contains(message), "\(outcome.errors)")
    }

    @Test("parts that do not fit end with 65, folders that are not there with 66")
    func statuses() throws {
        let deaf = try Program.run(["assemble", "--kind", "blip2", "--qformer", fixture("blip2/itm"), "--out", "/nowhere/x"])
        #expect(deaf.status == 65 && deaf.errors.contains("expected a language model"), "\(deaf.errors)")
        let gone = try Program.run(["assemble", "--kind", "blip2", "--qformer", "./gone", "--out", "/nowhere/x"])
        #expect(gone.status == 66, "\(gone.errors)")
    }

    /// BLIP-2's second stage on captions, then InstructBLIP, each from a start that was put together, trained for two steps.
    @Test(
        "the road: a start for stage 2, trained and merged, gives a start for InstructBLIP, which is tuned, merged and asked",
        arguments: ["opt", "t5", "llama"])
    func road(_ language: String) async throws {
        try await withTemporaryFolder { parent in
            func place(_ name: String) -> String { parent.appendingPathComponent(name).path }
            func run(_ arguments: [String]) throws -> Program.Outcome {
                let outcome = try Program.run(arguments)
                #expect(outcome.status == 0, "\(arguments.prefix(2)): \(outcome.errors)")
                return outcome
            }
            let data = parent.appendingPathComponent("data")
            try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
            for name in ["shapes.png", "tower.png"] {
                try FileManager.default.copyItem(at: Fixtures.picture(name), to: data.appendingPathComponent(name))
            }
            let lines = [
                #"{"file_name": "shapes.png", "text": "a red circle and a house"}"#,
                #"{"file_name": "tower.png", "text": "a tall grey tower at night"}"#,
            ]
            try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: data.appendingPathComponent("metadata.jsonl"))
            let style = language == "t5" ? "split-captions" : "captions"
            func train(_ model: String, _ output: String, instructions: String) throws {
                let plan = """
                    model: \(place(model))
                    output: \(place(output))
                    data: {datasets: [{path: \(data.path)}], instructions: \(instructions), exclude: nothing}
                    training: {steps: 2, batch: 2, learning_rate: 1e-3, warmup_steps: 1, betas: [0.9, 0.98], augmentation: none, workers: 0, max_instruction_tokens: 32, max_answer_tokens: 32}
                    """
                try Data(plan.utf8).write(to: parent.appendingPathComponent("\(output).yaml"))
                _ = try run(["train", place("\(output).yaml"), "--threads", "1"])
                _ = try run(["train", "merge", place(output), "--output", place("\(output)-merged")])
            }
            _ = try run([
                "assemble", "--kind", "blip2", "--qformer", fixture("blip2/itm"), "--language", fixture("assembled/\(language)"), "--out",
                place("start-2"),
            ])
            try train("start-2", "stage-2", instructions: style)
            let caption = try run([
                "ask", fixture("pictures/shapes.png"), "", "--model", place("stage-2-merged"), "--max-tokens", "4", "--json",
            ])
            #expect((try caption.json()["token_ids"] as? [Int])?.isEmpty == false)
            _ = try run([
                "assemble", "--kind", "instructblip", "--qformer", place("stage-2-merged"), "--text-branch", fixture("blip2/itm"), "--out",
                place("start-3"),
            ])
            try train("start-3", "stage-3", instructions: "templates")
            let answer = try run([
                "ask", fixture("pictures/shapes.png"), "What is it?", "--model", place("stage-3-merged"), "--max-tokens", "4", "--json",
            ])
            #expect((try answer.json()["token_ids"] as? [Int])?.isEmpty == false)
        }
    }

    @Test("a Q-Former that was not told the instruction in training is not told it by what was merged")
    func untold() async throws {
        try await withTemporaryFolder { parent in
            let (run, merged) = (parent.appendingPathComponent("run").path, parent.appendingPathComponent("merged").path)
            let plan = """
                model: {checkpoint: \(fixture("instructblip/flan-t5")), qformer_text_input: false}
                output: \(run)
                data: {datasets: [{path: \(fixture("own-data/llava/conversations.json"))}], exclude: nothing, max_bad_samples: 100}
                training: {steps: 1, batch: 2, learning_rate: 1e-3, warmup_steps: 0, augmentation: none, workers: 0}
                """
            try Data(plan.utf8).write(to: parent.appendingPathComponent("plan.yaml"))
            let trained = try Program.run(["train", parent.appendingPathComponent("plan.yaml").path, "--threads", "1"])
            #expect(trained.status == 0, "\(trained.errors)")
            #expect(try Program.run(["train", "merge", run, "--output", merged]).status == 0)
            let config = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: merged + "/config.json")))
            #expect((config as? [String: Any])?["qformer_text_input"] as? Bool == false)
            let shown = try Program.run(["show", "--model", merged])
            #expect(shown.output.contains("5 queries, not told the instruction"))
            // The projection says whether the Q-Former heard: it is the same for all instructions.
            func soft(_ model: String, _ instruction: String) throws -> Tensor {
                let file = parent.appendingPathComponent("\(UUID().uuidString).safetensors")
                let outcome = try Program.run([
                    "trace", fixture("pictures/shapes.png"), instruction, "--model", model, "--output", file.path,
                ])
                #expect(outcome.status == 0, "\(outcome.errors)")
                let found = try SafetensorsFile(file)
                #expect((found.info(of: "qformer_input_ids") == nil) == (model == merged))
                return try found.tensor("soft_prompt")
            }
            #expect(try difference(soft(merged, "What?"), soft(merged, "Describe the house.")) == 0)
            let told = fixture("instructblip/flan-t5")
            #expect(try difference(soft(told, "What?"), soft(told, "Describe the house.")) > 1e-3)
            let empty = try Program.run(["ask", fixture("pictures/shapes.png"), "", "--model", merged])
            #expect(empty.status == 64)
            let candidates = parent.appendingPathComponent("candidates.txt")
            try Data("yes\nno\n".utf8).write(to: candidates)
            let ranked = try Program.run([
                "rank", fixture("pictures/shapes.png"), "Is it?", "--candidates", candidates.path, "--model", merged,
            ])
            #expect(ranked.status == 0, "\(ranked.errors)")
        }
    }
}
