import BlipData
import BlipModels
import BlipTensors
import BlipTraining
import Foundation
import Testing

@Suite("A plan says what is trained and how")
struct TrainingPlanTests {
    private static let start = "model: m\noutput: o\ndata: {datasets: [okvqa]}\n"

    private func plan(_ text: String, _ overrides: [String] = []) throws -> TrainingPlan {
        try TrainingPlan(PlanFile(text, name: "p.yaml", folder: URL(fileURLWithPath: "/plans"), overrides: overrides))
    }

    private static var recipes: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../../Recipes").standardizedFileURL
    }

    @Test("what is left out is the paper's")
    func defaults() throws {
        let plan = try plan(Self.start)
        #expect(plan.model.folder.path == "/plans/m" && plan.output.path == "/plans/o")
        #expect(plan.trained == [.visionNorm, .queries, .qformer, .projection, .heads])
        let training = plan.training
        #expect(training.steps == 60_000 && training.rate == 1e-5 && training.warmupRate == 1e-8 && training.warmupSteps == 1000)
        #expect(training.weightDecay == 0.05 && training.betas == [0.9, 0.999] && training.clip == nil && training.hasDropout)
        #expect(training.instructionLimit == 128 && training.answerLimit == 256)
    }

    @Test("everything can be said, and set from outside")
    func long() throws {
        let plan = try plan(
            """
            model: {checkpoint: /m, frozen: q8, qformer_text_input: false}
            output: o
            train: [qformer, queries]
            data: {root: /data, datasets: [okvqa]}
            training: {steps: 10, batch: 6, micro_batch: 2, learning_rate: 1e-4, min_learning_rate: 1e-6, betas: [0.9, 0.98], clip: 1,
              precision: bf16, recompute: true, dropout: false, seed: 3, augmentation: none, image_cache: {memory_gb: 1, folder: f},
              bad_loss: skip, max_bad_losses: 4, max_instruction_tokens: 64}
            checkpoints: {every: 5, keep: 3}
            validation: {every: 5, samples: 7, data: {datasets: [{name: okvqa, split: val}]}}
            """, ["training.batch=8", "checkpoints.keep=1"])
        #expect(plan.model.frozen == .q8 && !plan.model.tellsQFormer && plan.trained == [.qformer, .queries])
        #expect(plan.training.batch == 8 && plan.training.microBatch == 2 && plan.training.precision == .bf16 && plan.training.recomputes)
        #expect(plan.training.imageCache?.memoryBytes == 1_000_000_000 && plan.training.imageCache?.folder?.path == "/plans/f")
        #expect(plan.training.badLoss == .skip && plan.training.maximumBadLosses == 4 && plan.training.clip == 1)
        #expect(
            plan.checkpoints.every == 5 && plan.checkpoints.keep == 1 && plan.validation?.samples == 7
                && plan.validation?.data?.exclusion == .nothing)
        #expect(plan.text.contains("batch: 8"))
    }

    @Test("adapters, rates of parts, and an average can be said")
    func extras() throws {
        let plan = try plan(
            Self.start
                + "lora: {rank: 4, targets: [q_proj, v_proj], dropout: 0.1}\ntrain: []\n"
                + "training: {seed: 7, ema: 0.999, learning_rates: {language_model: 1e-4}}")
        #expect(plan.adapters == AdapterSettings(rank: 4, alpha: 8, dropout: 0.1, targets: ["q_proj", "v_proj"], seed: 7))
        #expect(plan.trained.isEmpty && plan.training.averageDecay == 0.999 && plan.training.partRates == [.languageModel: 1e-4])
        #expect(try self.plan(Self.start + "lora: {}").adapters == AdapterSettings(rank: 8, alpha: 16, targets: ["all"], seed: 42))
    }

    @Test(
        "mistakes name the key, and the one that was meant",
        arguments: [
            ("training: {step: 4}", "there is no key \"step\"; did you mean steps"),
            ("trainning: {steps: 4}", "did you mean training?"), ("training: {precision: bf61}", "float32, bf16, fp16"),
            ("train: [vision]", "vision_encoder, vision_norm, queries, qformer, projection, language_model, heads"),
            ("train: []", "at least one part, or lora beside it"), ("lora: {rank: 0}", "1 to 4096"),
            ("lora: {}\ntrain: [language_model]", "lora is in place of training it whole"), ("lora: {target: q}", "did you mean targets"),
            ("training: {learning_rates: {vision_encoder: 1e-4}}", "parts that are trained, which this is not"),
            ("training: {learning_rates: {qfromer: 1e-4}}", "did you mean qformer"), ("training: {ema: 1}", "0.0 to 0.999999999"),
            ("training: {init_lr: 1e-4}", "a plan says that with training.learning_rate"),
            ("lora_rank: 8", "a plan says that with lora.rank"),
            ("training: {betas: [0.9]}", "two, for example [0.9, 0.999]"),
            ("training: {image_cache: true}", "training.augmentation to be none"),
            ("pretraining: {matching: 0, contrastive: 0, captioning: 0}", "at least one that counts"),
            ("pretraining: {label_smoothing: 2}", "0.0 to 1.0"), ("pretraining: {text_token: 9}", "did you mean text_tokens?"),
            ("training: {batch: 0}", "1 to 1000000"), ("checkpoints: {keep: 0}", "1 or more"),
            ("validation: {data: {datasets: [okvqa], exclude: paper}}", "no exclude (or nothing)"),
            ("model: {frozen: q8}", "the key \"checkpoint\" is missing"),
        ])
    func mistakes(_ line: String, _ said: String) throws {
        let text = line.hasPrefix("model") ? Self.start.replacing("model: m", with: line) : Self.start + line
        #expect { try plan(text) } throws: { "\($0)".contains(said) }
    }

    @Test("a plan without an output folder is not complete, unless one is given")
    func output() throws {
        let text = "model: m\ndata: {datasets: [okvqa]}\n"
        #expect { try plan(text) } throws: { "\($0)".contains("the key \"output\" is missing") }
        let file = try PlanFile(text, name: "p.yaml", folder: URL(fileURLWithPath: "/plans"))
        #expect(try TrainingPlan(file, output: URL(fileURLWithPath: "/x")).output.path == "/x")
    }

    @Test("every recipe is a plan")
    func recipes() throws {
        let files = try FileManager.default.contentsOfDirectory(at: Self.recipes, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "yaml" && $0.lastPathComponent != "paper-mixture.yaml" }
        let plans = try Dictionary(
            uniqueKeysWithValues: files.map { ($0.deletingPathExtension().lastPathComponent, try TrainingPlan(PlanFile($0))) })
        #expect(plans.count >= 9)
        for (name, batch) in [("flan-t5-xl", 192), ("flan-t5-xxl", 64), ("vicuna-7b", 128), ("vicuna-13b", 64)] {
            let plan = try #require(plans["instructblip-\(name)"])
            #expect(plan.training.batch == batch && plan.training.steps == 60_000 && plan.learningRate.rate(at: 1000) == 1e-5)
            #expect(plan.data.sources.count == 14)
        }
        let pretraining = try #require(plans["blip2-stage1"])
        #expect(pretraining.training.batch == 1680 && pretraining.training.steps == 250_000 && pretraining.data.sources.count == 7)
        #expect(pretraining.pretraining == TrainingPlan.Pretraining() && pretraining.training.betas == [0.9, 0.98])
        #expect(pretraining.learningRate.rate(at: 2000) == 1e-4)
        for (name, batch, style) in [("opt-2.7b", 1920, InstructionStyle.captions), ("flan-t5-xl", 1520, .splitCaptions)] {
            let plan = try #require(plans["blip2-stage2-\(name)"])
            #expect(plan.training.batch == batch && plan.training.steps == 80_000 && plan.training.betas == [0.9, 0.98])
            #expect(plan.learningRate.rate(at: 2000) == 1e-4 && plan.training.minimumRate == 5e-5 && plan.training.answerLimit == 32)
            #expect(plan.data.style == style && plan.validation?.data?.style == style && plan.training.augmentation == .blip2)
        }
        for name in ["scienceqa", "ocrvqa", "okvqa", "aokvqa"] { #expect(plans["finetune-\(name)"] != nil) }
        let own = try String(contentsOf: Self.recipes.appendingPathComponent("own-data.yaml"), encoding: .utf8)
        #expect(own.split(separator: "\n").count == 10)
    }

    @Test("the recipes of the built-in world follow one another, and teach one thing each", arguments: [("t5", "llama"), ("llama", "t5")])
    func sceneRecipes(_ family: String, _ other: String) throws {
        let files = try FileManager.default.contentsOfDirectory(
            at: Self.recipes.appendingPathComponent("scenes"), includingPropertiesForKeys: nil
        ).filter { $0.pathExtension == "yaml" && !$0.lastPathComponent.contains("-\(other).") }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
        let plans = try files.map { try TrainingPlan(PlanFile($0)) }
        #expect(plans.count == 10 && plans.indices.filter { plans[$0].teachesVision } == [0])
        #expect(plans.map { $0.languagePretraining?.places } == [nil, 8, 16, 16, 16, 16, nil, nil, nil, nil])
        #expect(plans.indices.filter { plans[$0].pretraining != nil } == [6])
        #expect(plans.indices.filter { plans[$0].queryPretraining != nil } == [7])
        // The Q-Former is to tell what the language model was told.
        #expect(plans[5].languagePretraining?.nothing == "none" && plans[7].queryPretraining?.nothing == "none")
        let heldIn = try #require(plans.last).data
        #expect(heldIn.sources.count == 9 && heldIn.balance == .squareRoot)
        for source in plans.flatMap(\.data.sources) {
            guard case .named(let name) = source.origin else {
                Issue.record("\(source)")
                continue
            }
            #expect(name.hasPrefix("scenes_"))
        }
        for plan in plans {
            #expect(plan.model.folder.path.contains("models/scenes/") && plan.output.path.contains("runs/scenes/"))
        }
        // The image encoder begins beside the T5, whatever comes of it.
        for plan in plans.dropFirst() {
            #expect(!plan.model.folder.path.contains("-\(other)") && !plan.output.path.contains("-\(other)"))
        }
    }
}
