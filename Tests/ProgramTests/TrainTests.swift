import BlipImages
import BlipTestSupport
import Foundation
import Testing

/// `instructblip train` as people and schedulers use it.
@Suite("The train verb") struct TrainTests {
    /// A LLaVA dataset of sixteen pictures, and a plan for it.
    private struct Setting {
        let folder: URL
        var plan: URL { folder.appendingPathComponent("plan.yaml") }
        func output(_ name: String) -> URL { folder.appendingPathComponent(name) }

        private static let answers = ["a red circle", "a blue square", "at night", "a house", "3", "the big one", "left of it", "no"]

        /// - Parameter shift: which answer belongs to which picture.
        static func answer(_ number: Int, shift: Int) -> String { answers[(number * (2 * shift + 1) + shift) % answers.count] }

        func writeAnnotations(shift: Int) throws {
            let records = (0..<16).map { number -> [String: Any] in
                let turns = [
                    ["from": "human", "value": "<image>\nWhat is in picture \(number)?"],
                    ["from": "gpt", "value": Self.answer(number, shift: shift)],
                ]
                return ["id": "\(number)", "image": picture(number).lastPathComponent, "conversations": turns]
            }
            try JSONSerialization.data(withJSONObject: records).write(to: folder.appendingPathComponent("data/llava/detail_23k.json"))
        }

        init(_ folder: URL, steps: Int, _ keys: String) throws {
            self.folder = folder
            for place in ["data/coco/train2017", "data/llava"] {
                try FileManager.default.createDirectory(at: folder.appendingPathComponent(place), withIntermediateDirectories: true)
            }
            for number in 0..<16 {
                let colour = [UInt8(number % 4 * 80), UInt8(number / 4 * 80), UInt8(number * 53 % 256)]
                let image = RGBImage(width: 8, height: 8, pixels: (0..<64).flatMap { _ in colour })
                try Data(image.pngData()).write(to: picture(number))
            }
            try writeAnnotations(shift: 0)
            let text = """
                model: \(Fixtures.checkpoint("flan-t5").path)
                output: run
                data: {root: data, datasets: [llava_detail], exclude: nothing}
                training: {steps: \(steps), batch: 16, augmentation: none, workers: 1, \(keys)}
                checkpoints: {every: 2, keep: 2}
                """
            try Data(text.utf8).write(to: plan)
        }

        func picture(_ number: Int) -> URL {
            folder.appendingPathComponent("data/coco/train2017/\(String(repeating: "0", count: number < 10 ? 11 : 10))\(number).jpg")
        }

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

    /// A tiny language model of random weights cannot speak. So it learns the words first, with all parts trained and other answers; then, frozen,
    /// it is told by what is trained in earnest which of them to say.
    @Test(
        "sixteen samples of one's own, trained, merged and asked, give the trained answers to the letter", arguments: ["flan-t5", "vicuna"])
    func whole(_ name: String) async throws {
        try await withTemporaryFolder { folder in
            let setting = try Setting(
                folder, steps: 150, "learning_rate: 1.0e-2, warmup_steps: 10, weight_decay: 0, dropout: false, clip: 1.0")
            let merged = ["speaking", "merged"].map { folder.appendingPathComponent($0).path }
            // One thread: the same numbers wherever it runs.
            let train = ["train", setting.plan.path, "--threads", "1", "--set", "checkpoints.every=1000"]
            let speaking = try Program.run(
                train + [
                    "--output", setting.output("words").path, "--set", "train=[qformer, queries, projection, vision_norm, language_model]",
                    "--set", "model=\(Fixtures.checkpoint(name).path)",
                ])
            #expect(speaking.status == 0, "\(speaking.errors)")
            #expect(try Program.run(["train", "merge", setting.output("words").path, "--output", merged[0]]).status == 0)
            try setting.writeAnnotations(shift: 1)
            let trained = try Program.run(
                train + ["--set", "model=\(merged[0])", "--set", "training.steps=800", "--set", "training.min_learning_rate=2.0e-4"])
            #expect(trained.status == 0, "\(trained.errors)")
            for said in ["vision_encoder", "frozen", "memory with gradients and optimizer", "loss "] {
                #expect(trained.errors.contains(said))
            }
            let report = try Program.run(["train", "merge", setting.output("run").path, "--output", merged[1], "--json"])
            #expect(try report.json()["step"] as? Int == 800, "\(report.errors)")
            let (questions, output) = (folder.appendingPathComponent("q.jsonl"), folder.appendingPathComponent("out.jsonl"))
            let lines = (0..<16).map {
                "{\"id\": \($0), \"image\": \"\(setting.picture($0).path)\", \"instruction\": \"What is in picture \($0)?\"}\n"
            }
            try Data(lines.joined().utf8).write(to: questions)
            let asked = try Program.run([
                "ask", "--questions", questions.path, "--output", output.path, "--model", merged[1], "--max-tokens", "20",
            ])
            #expect(asked.status == 0, "\(asked.errors)")
            let answers = try String(contentsOf: output, encoding: .utf8).split(separator: "\n").map { line in
                try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
            }
            #expect(answers.map { $0["answer"] as? String } == (0..<16).map { Setting.answer($0, shift: 1) })
            let packed = folder.appendingPathComponent("q8").path
            #expect(try Program.run(["quantize", "--model", merged[1], "--weights", "q8", "--out", packed]).status == 0)
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

    #if os(Linux)
        /// Whether this user may mount a small disk for one process alone.
        private static let canMount: Bool = {
            let tried = try? Program.run(
                ["-rm", "sh", "-c", "mount -t tmpfs none /mnt"], executable: URL(fileURLWithPath: "/usr/bin/unshare"))
            return tried?.status == 0
        }()

        @Test("a disk that is full ends it with a sentence; what was saved before is whole, and goes on elsewhere", .enabled(if: canMount))
        func fullDisk() async throws {
            try await withTemporaryFolder { folder in
                let setting = try Setting(folder, steps: 6, "learning_rate: 1.0e-3, warmup_steps: 2")
                let whole = setting.output("whole")
                #expect(try Program.run(["train", setting.plan.path, "--threads", "1", "--output", whole.path]).status == 0)
                let bytes = try setting.weights(whole, 6).map(\.count).reduce(0, +)
                let (disk, saved) = (setting.output("disk"), setting.output("saved"))
                try FileManager.default.createDirectory(at: disk, withIntermediateDirectories: true)
                // Room for one checkpoint and a half.
                let script = """
                    mount -t tmpfs -o size=\(bytes * 3 / 2 + 60_000) none '\(disk.path)' || exit 99
                    "$@" --output '\(disk.path)/run'; status=$?
                    cp -r '\(disk.path)/run' '\(saved.path)'; exit $status
                    """
                let cut = try Program.run(
                    ["-rm", "sh", "-c", script, "sh", Program.url.path, "train", setting.plan.path, "--threads", "1"],
                    executable: URL(fileURLWithPath: "/usr/bin/unshare"))
                #expect(cut.status == 70, "\(cut.errors)")
                #expect(cut.errors.contains("the checkpoints before are complete"), "\(cut.errors)")
                let left = try FileManager.default.contentsOfDirectory(atPath: saved.path).filter { $0.contains("checkpoint") }
                #expect(left == ["checkpoint-2"])
                let rest = try Program.run(["train", setting.plan.path, "--threads", "1", "--output", saved.path, "--resume"])
                #expect(rest.status == 0, "\(rest.errors)")
                #expect(try setting.weights(saved, 6) == setting.weights(whole, 6))
            }
        }
    #endif

    @Test("a run that was killed before its first checkpoint can be begun again")
    func beginningAgain() async throws {
        try await withTemporaryFolder { folder in
            let setting = try Setting(folder, steps: 2, "warmup_steps: 0")
            #expect(try Program.run(["train", setting.plan.path]).status == 0)
            try FileManager.default.removeItem(at: setting.output("run/checkpoint-2"))
            let again = try Program.run(["train", setting.plan.path])
            #expect(again.status == 0, "\(again.errors)")
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

    @Test("a run is logged and can be drawn; two processes go through the same losses as one")
    func workers() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("train-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try writeOwnData(in: folder)
        let plan = """
            model: {checkpoint: \(Fixtures.root.appendingPathComponent("instructblip/flan-t5").path)}
            data: {datasets: [{path: own.json}]}
            training: {steps: 4, batch: 4, learning_rate: 1e-3, warmup_steps: 1, dropout: false}
            output: run
            """
        try Data(plan.utf8).write(to: folder.appendingPathComponent("plan.yaml"))
        let alone = try Program.run(["train", "plan.yaml", "--threads", "1"], in: folder)
        #expect(alone.status == 0, "\(alone.errors)")
        let together = try Program.run(["launch", "--workers", "2", "train", "plan.yaml", "--threads", "1", "--output", "two"], in: folder)
        #expect(together.status == 0, "\(together.errors)")
        let curves = try ["run", "two"].map { try losses(folder.appendingPathComponent($0)) }
        #expect(curves[0].count == 4 && curves[1].count == 4)
        for (one, two) in zip(curves[0], curves[1]) { #expect(abs(one - two) < 1e-4 * one) }
        let plot = try Program.run(["train", "plot", "run", "two", "--output", "curves.svg"], in: folder)
        #expect(plot.status == 0 && plot.output.contains("two"))
        #expect(try String(contentsOf: folder.appendingPathComponent("curves.svg"), encoding: .utf8).contains("<svg"))
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent("run").path)
        #expect(names.contains { $0.hasPrefix("events.out.tfevents.") })
    }

    @Test("BLIP-2's first stage in two processes is merged, compared by match, and gone on from")
    func pretraining() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("train-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try writeOwnData(in: folder)
        let plan = """
            model: {checkpoint: \(Fixtures.checkpoint("blip2/itm").path)}
            data: {datasets: [{path: own.json}]}
            pretraining: {text_tokens: 16}
            training: {steps: 3, batch: 4, learning_rate: 1e-3, warmup_steps: 1}
            output: run
            """
        try Data(plan.utf8).write(to: folder.appendingPathComponent("plan.yaml"))
        let trained = try Program.run(["launch", "--workers", "2", "train", "plan.yaml", "--threads", "1"], in: folder)
        #expect(trained.status == 0 && trained.errors.contains("heads"), "\(trained.errors)")
        #expect(try losses(folder.appendingPathComponent("run")).count == 3)
        let merged = folder.appendingPathComponent("merged").path
        #expect(try Program.run(["train", "merge", "run", "--output", merged], in: folder).status == 0)
        let matched = try Program.run(["match", "a.png", "a red circle", "--model", merged], in: folder)
        #expect(matched.status == 0, "\(matched.errors)")
        let more = ["train", "plan.yaml", "--threads", "1", "--output", "more", "--steps", "1", "--set", "model=\(merged)"]
        #expect(try Program.run(more, in: folder).status == 0)
        let other = ["train", "plan.yaml", "--output", "other", "--set", "model=\(Fixtures.checkpoint("flan-t5").path)"]
        let refused = try Program.run(other, in: folder)
        #expect(refused.status == 65 && refused.errors.contains("blip2-itm-vit-g"), "\(refused.errors)")
    }

    private func losses(_ run: URL) throws -> [Double] {
        try String(contentsOf: run.appendingPathComponent("log.jsonl"), encoding: .utf8).split(separator: "\n").compactMap { line in
            (try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])?["loss"] as? Double
        }
    }

    /// Eight pictures' worth of conversations, as LLaVA writes them.
    private func writeOwnData(in folder: URL) throws {
        try FileManager.default.copyItem(
            at: Fixtures.root.appendingPathComponent("pictures/shapes.png"), to: folder.appendingPathComponent("a.png"))
        let records = (0..<8).map { number in
            """
            {"id": "\(number)", "image": "a.png", "conversations": [{"from": "human", "value": "<image> What \(number)?"}, {"from": "gpt", "value": "a red circle"}]}
            """
        }
        try Data("[\(records.joined(separator: ", "))]".utf8).write(to: folder.appendingPathComponent("own.json"))
    }
}
