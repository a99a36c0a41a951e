import Blip
import BlipData
import BlipImages
import BlipModels
import BlipTensors
import BlipTestSupport
import BlipTraining
import Foundation

/// Small runs of the tiny checkpoints.
struct TinyRun {
    var plan: TrainingPlan
    var folder: URL
    var set: TrainingSet

    /// - Parameters:
    ///   - name: a tiny checkpoint.
    ///   - samples: picture, instruction and answer of each.
    ///   - keys: of `training`, as YAML.
    init(_ name: String, _ samples: [Sample], output: URL, _ keys: String, more: String = "") throws {
        folder = Fixtures.checkpoint(name)
        let text =
            "model: \(folder.path)\noutput: \(output.path)\ndata: {datasets: [okvqa], exclude: nothing}\ntraining: {\(keys)}\n\(more)"
        plan = try TrainingPlan(PlanFile(text, name: "test.yaml", folder: URL(fileURLWithPath: "/")))
        let part = TrainingPart(ListedSamples(samples), ExampleMaker(dataset: "few", category: "c", title: "few"))
        set = TrainingSet(
            [part], try Mixture([.init("few", count: samples.count)]), seed: plan.data.seed, bad: BadSamples(limit: 3))
    }

    func checkpoint() throws -> TrainableCheckpoint { try TrainableCheckpoint(folder, plan.options(on: TestDevice.current)) }

    /// Trains, and gives what the observer saw.
    @discardableResult
    func train(
        _ checkpoint: TrainableCheckpoint? = nil, isResumed: Bool = false, stoppingBehind last: Int? = nil,
        observe: ((StepRecord) throws -> Void)? = nil
    ) throws -> [StepRecord] {
        let recorder = Recorder(observe)
        let trainer = try Trainer(
            plan, checkpoint ?? self.checkpoint(), set, isResumed: isResumed, observers: [recorder],
            shouldStop: { last.map { (recorder.records.last?.step ?? 0) >= $0 } ?? false })
        try trainer.run()
        return recorder.records
    }

    static func sample(_ number: Int, _ image: URL, _ instruction: String, _ answer: String) -> Sample {
        Sample(id: "\(number)", images: [.file(image.path)], task: .instruction(WrittenInstruction(instruction, response: answer)))
    }

    static func sample(_ number: Int, _ image: RGBImage, _ instruction: String, _ answer: String) throws -> Sample {
        Sample(
            id: "\(number)", images: [SampleImage(.bytes([UInt8](try image.pngData())))],
            task: .instruction(WrittenInstruction(instruction, response: answer)))
    }
}

final class Recorder: TrainingObserver {
    private(set) var records: [StepRecord] = []
    private(set) var validations: [ValidationRecord] = []
    private(set) var notes: [String] = []
    private let observe: ((StepRecord) throws -> Void)?

    init(_ observe: ((StepRecord) throws -> Void)? = nil) { self.observe = observe }

    func stepped(_ record: StepRecord) throws {
        records.append(record)
        try observe?(record)
    }

    func validated(_ record: ValidationRecord) throws { validations.append(record) }
    func noted(_ text: String) throws { notes.append(text) }
}

/// What transformers and PyTorch computed: `Tests/Fixtures/training`.
struct TrainingReference: Decodable, Sendable {
    struct Settings: Decodable, Sendable {
        let rate, minimum, warmupStart, weightDecay, clip: Double
        let warmupSteps, steps: Int
    }

    struct Run: Decodable, Sendable {
        struct Item: Decodable, Sendable { let image, instruction, answer: String }
        struct IDs: Decodable, Sendable {
            let instruction, answer: String
            let promptLimit, answerLimit: Int
            let qformerInputIds, inputIds, targetIds: [Int]
        }

        let losses, norms: [Double]
        let targetTokens: Int
        let trained: [String]
        let samples: [Item]
        let ids: [IDs]
    }

    let settings: Settings
    let rates: [Double]
    let runs: [String: Run]

    static var folder: URL { Fixtures.root.appendingPathComponent("training") }

    init() throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Self.self, from: Data(contentsOf: Self.folder.appendingPathComponent("cases.json")))
    }

    func tensor(_ checkpoint: String, _ kind: String, _ name: String) throws -> Tensor {
        try SafetensorsFile(Self.folder.appendingPathComponent("\(checkpoint)/\(kind)s.safetensors")).tensor("\(kind)/\(name)")
    }
}
