import BlipImages
import BlipTestSupport
import Foundation
import Testing

/// `instructblip train` as people and schedulers use it.
@Suite("The train verb") struct TrainTests {
    /// A LLaVA dataset of eight pictures, and a plan for it.
    private struct Setting {
        let folder: URL
        var plan: URL { folder.appendingPathComponent("plan.yaml") }
        func output(_ name: String) -> URL { folder.appendingPathComponent(name) }

        static let answers = ["a red circle", "a blue square", "at night", "a house"]

        init(_ folder: URL, steps: Int, _ keys: String) throws {
            self.folder = folder
            let pictures = folder.appendingPathComponent("data/coco/train2017")
            let annotations = folder.appendingPathComponent("data/llava")
            for place in [pictures, annotations] { try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true) }
            var records: [[String: Any]] = []
            for number in 0..<8 {
                let colour = [UInt8(number % 2 * 200), UInt8(number / 2 * 60), UInt8(255 - number * 30)]
                let image = RGBImage(width: 8, height: 8, pixels: (0..<64).flatMap { _ in colour })
                let name = "00000000000\(number).jpg"
                try Data(image.pngData()).write(to: pictures.appendingPathComponent(name))
                records.append([
                    "id": "00000000000\(number)", "image": name,
                    "conversations": [
                        ["from": "human", "value": "<image>\nWhat is in picture \(number)?"],
                        ["from": "gpt", "value": Self.answers[number % 4]],
                    ],
                ])
            }
            try JSONSerialization.data(withJSONObject: records).write(to: annotations.appendingPathComponent("detail_23k.json"))
            let text = """
                model: \(Fixtures.checkpoint("flan-t5").path)
                output: run
                data: {root: data, datasets: [llava_detail], exclude: nothing}
                training: {steps: \(steps), batch: 8, micro_batch: 4, augmentation: none, workers: 1, \(keys)}
                checkpoints: {every: 2, keep: 2}
                """
            try Data(text.utf8).write(to: plan)
        }

        func picture(_ number: Int) -> URL { folder.appendingPathComponent("data/coco/train2017/00000000000\(number).jpg") }

        func weights(_ output: URL, _ step: Int) throws -> [Data] {
            try ["model", "optimizer"].map { try Data(contentsOf: output.appendingPathComponent("checkpoint-\(step)/\($0).safetensors")) }
        }
    }

    /// Starts the program, sends it a signal after a while, and gives what it exited with.
    private func run(_ arguments: [String], signal number: Int32, after seconds: Double) throws -> Int32 {
        let process = Process()
        process.executableURL = Program.url
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        Thread.sleep(forTimeInterval: seconds)
        if process.isRunning { kill(process.processIdentifier, number) }
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }

    @Test("data of one's own, trained, merged and asked, gives the trained answers")
    func whole() async throws {
        try await withTemporaryFolder { folder in
            let setting = try Setting(folder, steps: 150, "learning_rate: 1.0e-2, warmup_steps: 10, weight_decay: 0, dropout: false")
            // A tiny language model of random weights has to learn to speak, too.
            let parts = "train=[qformer, queries, projection, vision_norm, language_model]"
            let trained = try Program.run(
                ["train", setting.plan.path, "--threads", "1", "--set", "checkpoints.every=1000", "--set", parts])
            #expect(trained.status == 0, "\(trained.errors)")
            for said in ["qformer", "frozen", "vision_encoder", "memory with gradients and optimizer", "loss "] {
                #expect(trained.errors.contains(said))
            }
            let merged = folder.appendingPathComponent("merged")
            let report = try Program.run(["train", "merge", setting.output("run").path, "--output", merged.path, "--json"])
            #expect(try report.json()["step"] as? Int == 150, "\(report.errors)")
            for number in [0, 3, 5, 6] {
                let answer = try Program.run(
                    ["ask", setting.picture(number).path, "What is in picture \(number)?", "--model", merged.path])
                #expect(answer.output.trimmingCharacters(in: .whitespacesAndNewlines) == Setting.answers[number % 4])
            }
            let quantized = try Program.run([
                "quantize", "--model", merged.path, "--weights", "q8", "--out", folder.appendingPathComponent("q8").path,
            ])
            #expect(quantized.status == 0, "\(quantized.errors)")
        }
    }

    @Test("SIGTERM saves and exits with 130, kill -9 leaves what was complete; resumed, both end where the others end")
    func interruptions() async throws {
        try await withTemporaryFolder { folder in
            let setting = try Setting(folder, steps: 40, "learning_rate: 1.0e-3, warmup_steps: 5")
            let whole = setting.output("whole")
            #expect(try Program.run(["train", setting.plan.path, "--threads", "1", "--output", whole.path]).status == 0)
            let expected = try setting.weights(whole, 40)
            for (number, (signal, seconds)) in [(SIGTERM, 1.2), (SIGKILL, 1.0), (SIGKILL, 1.6), (SIGKILL, 0.7)].enumerated() {
                let cut = setting.output("cut-\(number)")
                let arguments = ["train", setting.plan.path, "--threads", "1", "--output", cut.path]
                let status = try run(arguments, signal: signal, after: seconds)
                // A machine may be quick enough to be done before.
                if status != 0 { #expect(status == (signal == SIGTERM ? 130 : -SIGKILL)) }
                var outcome = try Program.run(arguments + ["--resume"])
                // Killed before the first checkpoint, there is nothing to go on from.
                if outcome.status == 66 { outcome = try Program.run(arguments) }
                #expect(outcome.status == 0, "\(outcome.errors)")
                #expect(try setting.weights(cut, 40) == expected)
            }
        }
    }

    @Test("what is wrong with a plan or an output folder is one sentence")
    func refusals() async throws {
        try await withTemporaryFolder { folder in
            let setting = try Setting(folder, steps: 1, "warmup_steps: 0")
            let typo = try Program.run(["train", setting.plan.path, "--set", "training.step=3"])
            #expect(typo.status == 65 && typo.errors.contains("did you mean steps"))
            #expect(try Program.run(["train", setting.plan.path, "--resume"]).status == 66)
            #expect(try Program.run(["train", setting.plan.path, "--steps", "1"]).status == 0)
            let again = try Program.run(["train", setting.plan.path])
            #expect(again.status == 64 && again.errors.contains("--resume goes on with it"))
            #expect(try Program.run(["train", setting.plan.path, "--steps", "0"]).status == 64)
            #expect(try Program.run(["train", "merge", folder.path, "--output", folder.appendingPathComponent("m").path]).status == 66)
        }
    }
}
