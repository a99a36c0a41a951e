import Blip
import BlipData
import BlipImages
import BlipModels
import BlipTensors
import BlipTestSupport
import Foundation
import Testing

@testable import BlipTraining

/// Low-rank changes of the language model against PEFT: `Tests/Fixtures/adapters`.
@Suite("Adapters of the language model are PEFT's") struct AdapterTests {
    private struct Reference: Decodable {
        struct Run: Decodable {
            struct Item: Decodable { let image, instruction, answer: String }
            let losses: [Double]
            let said: [[Int]]
            let merged, gradients: [String: [Double]]
            let samples: [Item]
        }

        let rank: Int
        let alpha: Double
        let targets: [String: [String]]
        let runs: [String: Run]

        static let folder = Fixtures.root.appendingPathComponent("adapters")

        init() throws {
            self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: Self.folder.appendingPathComponent("cases.json")))
        }

        func settings(_ name: String) -> AdapterSettings { AdapterSettings(rank: rank, alpha: alpha, targets: targets[name] ?? []) }
    }

    private static let keys =
        "steps: 12, batch: 4, learning_rate: 1.0e-3, min_learning_rate: 1.0e-4, warmup_learning_rate: 1.0e-6, warmup_steps: 2, "
        + "weight_decay: 0.05, dropout: false, augmentation: none, workers: 0, clip: 0.5"

    private func run(_ name: String, _ reference: Reference, _ output: URL, _ more: String = "") throws -> TinyRun {
        let samples = try #require(reference.runs[name]).samples.enumerated().map {
            TinyRun.sample($0.offset, Fixtures.picture($0.element.image), $0.element.instruction, $0.element.answer)
        }
        var run = try TinyRun(name, samples, output: output, "\(Self.keys)\(more)", more: "checkpoints: {every: 3}")
        run.plan.adapters = reference.settings(name)
        return run
    }

    /// PEFT's first matrices in place of ours.
    private func begin(_ checkpoint: TrainableCheckpoint, _ name: String) throws {
        let file = try SafetensorsFile(Reference.folder.appendingPathComponent("\(name)/adapter/adapter_model.safetensors"))
        for (parameter, tensor) in checkpoint.parameters where parameter.contains(".lora_") {
            let stored = try file.tensor("base_model.model." + parameter)
            try withoutGradients { try tensor.copy(from: stored) }
        }
    }

    /// Norm, and product with a fixed wave.
    private func digest(_ tensor: Tensor) throws -> [Double] {
        let numbers = try tensor.to(.float32).floats().map(Double.init)
        let wave = numbers.enumerated().reduce(0) { $0 + $1.element * cos(Double($1.offset)) }
        return [numbers.reduce(0) { $0 + $1 * $1 }.squareRoot(), wave]
    }

    private func isClose(_ found: [Double], _ expected: [Double], _ tolerance: Double) -> Bool {
        zip(found, expected).allSatisfy { abs($0 - $1) <= tolerance * max(expected[0], 1e-6) }
    }

    @Test(
        "losses, gradients and three steps of AdamW agree, cut and recomputed too", arguments: ["vicuna", "flan-t5"],
        ["", ", micro_batch: 2", ", micro_batch: 3, recompute: true"])
    func steps(_ name: String, _ cut: String) async throws {
        let reference = try Reference()
        let expected = try #require(reference.runs[name])
        try await withTemporaryFolder { folder in
            let run = try run(name, reference, folder, cut)
            let checkpoint = try run.checkpoint()
            try begin(checkpoint, name)
            let file = try SafetensorsFile(Reference.folder.appendingPathComponent("\(name)/steps.safetensors"))
            let changed = checkpoint.parameters.filter { $0.name.contains(".lora_") }
            #expect(Set(changed.map { "weight/\($0.name)" }) == Set(file.names.filter { $0.hasPrefix("weight/") }))
            var records: [StepRecord] = []
            do {
                try run.train(checkpoint, stoppingBehind: 3) { record in
                    records.append(record)
                    guard record.step == 1 else { return }
                    for (parameter, tensor) in changed {
                        let (wanted, found) = (try file.tensor("gradient/\(parameter)"), try #require(try tensor.gradient))
                        let gap = try difference(found * ((record.gradientNorm + 1e-6) / 0.5), wanted)
                        #expect(try gap <= Tolerance.gradient * wanted.abs().max().item(), "gradient of \(parameter)")
                    }
                }
            } catch TrainingError.interrupted {}
            for (record, loss) in zip(records, expected.losses) { #expect(abs(record.loss - loss) / loss < Tolerance.loss) }
            for (parameter, tensor) in changed {
                #expect(try relativeDifference(tensor, file.tensor("weight/\(parameter)")) < 1e-4, "\(parameter) after three steps")
            }
        }
    }

    @Test("a run merged gives the matrices PEFT merges; kept apart, the same answers", arguments: ["vicuna", "flan-t5"])
    func merging(_ name: String) async throws {
        let reference = try Reference()
        let expected = try #require(reference.runs[name])
        try await withTemporaryFolder { folder in
            let run = try run(name, reference, folder.appendingPathComponent("run"))
            let checkpoint = try run.checkpoint()
            try begin(checkpoint, name)
            do { try run.train(checkpoint, stoppingBehind: 3) } catch TrainingError.interrupted {}
            let tuned = try TrainingCheckpoint.find(folder.appendingPathComponent("run"))
            let settings = try #require(try tuned.state().adapters)
            #expect(settings == reference.settings(name))
            let (whole, parted) = (folder.appendingPathComponent("whole"), folder.appendingPathComponent("parted"))
            for (target, place) in [(whole, CheckpointMerger.AdapterPlace.merged), (parted, .apart)] {
                let merger = CheckpointMerger(folder: run.folder, trained: try tuned.weights(), adapters: settings, place: place)
                _ = try merger.write(to: target)
            }
            let files = try WeightFiles(folder: whole)
            for (weight, digests) in expected.merged {
                guard let (file, info) = files.find(weight), let type = info.type.dtype else { continue }
                let tensor = try file.bytes(of: info.name).withBytes { try Tensor.copying(bytes: $0, info.shape, type) }
                #expect(isClose(try digest(tensor), digests, 1e-4), "\(weight)")
            }
            let question = "What is in the picture?"
            let picture = ImageSource.file(Fixtures.picture("shapes.png"))
            let options = AnswerOptions(maximumTokens: 12)
            let merged = try await Assistant.open(whole).answer(question, about: picture, options)
            let apart = try await Assistant.open(parted, OpenOptions(adapter: parted.appendingPathComponent("adapter")))
                .answer(question, about: picture, options)
            let without = try await Assistant.open(parted).answer(question, about: picture, options)
            #expect(merged.tokenIDs == apart.tokenIDs && merged.tokenIDs != without.tokenIDs)
        }
    }

    @Test("an adapter of PEFT's beside a checkpoint gives the answers that it gives there", arguments: ["vicuna", "flan-t5"])
    func opening(_ name: String) async throws {
        let reference = try Reference()
        let expected = try #require(reference.runs[name])
        let adapter = Reference.folder.appendingPathComponent("\(name)/adapter")
        let stored = try AdapterFolder(adapter).read()
        #expect(stored.values.allSatisfy { $0.scale == reference.alpha / Double(reference.rank) } && !stored.isEmpty)
        let assistant = try await Assistant.open(Fixtures.checkpoint(name), OpenOptions(adapter: adapter))
        let references = try References(name)
        for (item, ids) in zip(references.cases.cases, expected.said) {
            let answer = try await assistant.answer(
                item.instruction, about: .file(Fixtures.picture(item.image)), AnswerOptions(maximumTokens: 12, stop: .configOnly))
            #expect(answer.tokenIDs == ids, "\(item.name)")
        }
        // Beside packed matrices too.
        let packed = OpenOptions(quantization: Quantization(vision: nil, qformer: nil, language: .q8), adapter: adapter)
        let question = references.cases.cases[0]
        let near = try await Assistant.open(Fixtures.checkpoint(name), packed)
            .answer(question.instruction, about: .file(Fixtures.picture(question.image)), AnswerOptions(maximumTokens: 1))
        #expect(near.tokenIDs.first == expected.said[0].first)
    }

    @Test("nothing frozen: the gradient of every part is the reference's", arguments: ["vicuna", "flan-t5"])
    func thawed(_ name: String) async throws {
        let reference = try Reference()
        let expected = try #require(reference.runs[name])
        try await withTemporaryFolder { folder in
            for more in ["", ", micro_batch: 1", ", recompute: true"] {
                var run = try run(name, reference, folder.appendingPathComponent("run\(more.count)"), more)
                run.plan.adapters = nil
                run.plan.trained = Set(NetworkPart.allCases)
                let checkpoint = try run.checkpoint()
                do {
                    try run.train(checkpoint, stoppingBehind: 1) { record in
                        for (parameter, tensor) in checkpoint.parameters where !parameter.hasSuffix(".key.bias") {
                            guard let wanted = expected.gradients[parameter] else { continue }
                            let found = try tensor.gradient.map { try digest($0 * ((record.gradientNorm + 1e-6) / 0.5)) } ?? [0, 0]
                            #expect(isClose(found, wanted, 1e-3), "gradient of \(parameter)")
                        }
                    }
                } catch TrainingError.interrupted {}
                #expect(checkpoint.parameters.filter { expected.gradients[$0.name] != nil }.count > 100)
            }
        }
    }

    @Test("adapters alone, with dropout, resumed: the same numbers; their names are known, and nothing else changes")
    func alone() async throws {
        let reference = try Reference()
        try await withTemporaryFolder { folder in
            var run = try run("flan-t5", reference, folder.appendingPathComponent("a"), ", recompute: true")
            run.plan.trained = []
            run.plan.training.hasDropout = true
            run.plan.training.steps = 4
            run.plan.checkpoints.every = 2
            run.plan.checkpoints.keep = 9
            run.plan.adapters?.dropout = 0.3
            let checkpoint = try run.checkpoint()
            #expect(checkpoint.parameters.allSatisfy { $0.name.contains(".lora_") } && !checkpoint.parameters.isEmpty)
            let before = try checkpoint.loaded.mapValues { try $0.to(.float32).floats() }
            let records = try run.train(checkpoint)
            for (name, tensor) in checkpoint.loaded { #expect(try tensor.to(.float32).floats() == before[name]) }
            var resumed = run
            resumed.plan.output = folder.appendingPathComponent("b")
            try FileManager.default.createDirectory(at: resumed.plan.output, withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                at: run.plan.output.appendingPathComponent("checkpoint-2"), to: resumed.plan.output.appendingPathComponent("checkpoint-2"))
            let rest = try resumed.train(isResumed: true)
            #expect(rest.map(\.loss) == records.suffix(2).map(\.loss))
            var without = run
            without.plan.output = folder.appendingPathComponent("c")
            without.plan.adapters?.dropout = 0
            // B begins as zeros, so that the first loss is that of the model as it was.
            #expect(try without.train().map(\.loss)[1...] != records.map(\.loss)[1...])
            // Alone, they are written alone.
            let tuned = try TrainingCheckpoint.find(run.plan.output)
            let target = folder.appendingPathComponent("peft")
            _ = try CheckpointMerger(
                folder: run.folder, trained: tuned.weights(), adapters: run.plan.adapters, place: .apart
            ).write(to: target)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: target.path).sorted() == [
                    "adapter_config.json", "adapter_model.safetensors",
                ])
            #expect(try AdapterFolder(target).read().count == checkpoint.parameters.count / 2)
        }
    }

    /// A copy of the Vicuna's adapter whose weights' file has another header, of the same length, and whose config has other text.
    private func copied(to folder: URL, config: (String, String)? = nil, header: (String) -> String = { $0 }) throws -> AdapterFolder {
        try FileManager.default.copyItem(at: Reference.folder.appendingPathComponent("vicuna/adapter"), to: folder)
        if let config {
            let file = folder.appendingPathComponent("adapter_config.json")
            let text = try String(contentsOf: file, encoding: .utf8)
            try #require(text.contains(config.0))
            try Data(text.replacingOccurrences(of: config.0, with: config.1).utf8).write(to: file)
        }
        let file = folder.appendingPathComponent("adapter_model.safetensors")
        let bytes = try Data(contentsOf: file)
        let count = bytes.prefix(8).enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
        let changed = Data(header(String(decoding: bytes[8..<8 + count], as: UTF8.self)).utf8)
        try #require(changed.count <= count)
        try (bytes.prefix(8) + changed + Data(repeating: UInt8(ascii: " "), count: count - changed.count) + bytes[(8 + count)...])
            .write(to: file)
        return AdapterFolder(folder)
    }

    @Test("an adapter of the language model alone gets its place; single layers have their own alpha; a B alone is refused")
    func places() async throws {
        let reference = try Reference()
        let whole = try AdapterFolder(Reference.folder.appendingPathComponent("vicuna/adapter")).read()
        try await withTemporaryFolder { folder in
            let alone = try copied(to: folder.appendingPathComponent("alone")) {
                $0.replacingOccurrences(of: "base_model.model.language_model.", with: "base_model.model.")
            }.read()
            #expect(Set(alone.keys) == Set(whole.keys) && !whole.isEmpty)
            let layer = try #require(whole.keys.sorted().first)
            let pattern = ("\"alpha_pattern\": {}", "\"alpha_pattern\": {\"\(layer)\": \(3 * reference.alpha)}")
            for (name, stored) in try copied(to: folder.appendingPathComponent("pattern"), config: pattern).read() {
                #expect(stored.scale == reference.alpha / Double(reference.rank) * (name == layer ? 3 : 1), "\(name)")
            }
            let expression = (pattern.0, "\"alpha_pattern\": {\"layers.*q_proj\": 2}")
            let odd = try copied(to: folder.appendingPathComponent("expression"), config: expression)
            #expect { try odd.read() } throws: { "\($0)".contains("layers.*q_proj in alpha_pattern is not supported") }
            let single = try copied(to: folder.appendingPathComponent("single")) {
                $0.replacingOccurrences(of: "\(layer).lora_A", with: "\(layer).lora_X")
            }
            #expect { try single.read() } throws: { "\($0)".contains("\(layer).lora_B.weight has no A beside it") }
        }
    }

    @Test("targets that no layer has, and adapters of other models, are refused")
    func refusals() async throws {
        let reference = try Reference()
        try await withTemporaryFolder { folder in
            var run = try run("flan-t5", reference, folder)
            run.plan.adapters?.targets = ["q", "q_proj"]
            #expect { try run.checkpoint() } throws: { "\($0)".contains("is called q_proj; a target is one of") }
            let other = Reference.folder.appendingPathComponent("vicuna/adapter")
            await #expect(throws: AdapterError.self) {
                try await Assistant.open(Fixtures.checkpoint("flan-t5"), OpenOptions(adapter: other))
            }
            await #expect { try await Assistant.open(Fixtures.checkpoint("flan-t5"), OpenOptions(adapter: folder)) } throws: {
                "\($0)".contains("adapter_config.json is missing or no config of PEFT")
            }
            let copy = folder.appendingPathComponent("dora")
            try FileManager.default.copyItem(at: other, to: copy)
            let file = copy.appendingPathComponent("adapter_config.json")
            let text = try String(contentsOf: file, encoding: .utf8)
            for (key, said) in [("\"use_dora\": false", "\"use_dora\": true"), ("\"bias\": \"none\"", "\"bias\": \"all\"")] {
                #expect(text.contains(key))
                try Data(text.replacingOccurrences(of: key, with: said).utf8).write(to: file)
                #expect { try AdapterFolder(copy).read() } throws: { "\($0)".contains("is not supported") }
            }
        }
    }
}
