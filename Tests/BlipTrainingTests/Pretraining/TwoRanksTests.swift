import Blip
import BlipData
import BlipModels
import BlipTensors
import BlipTestSupport
import Foundation
import Synchronization
import Testing

@testable import BlipTraining

/// Two ranks on threads of this process, which to libtorch are as good as processes. Real processes: `TrainTests`.
@Suite("Pre-training in two processes", .enabled(if: ProcessGroup.isSupported, "built without gloo's headers"))
struct TwoRanksTests {
    /// Runs `body` as every rank of two that have met, and gives what each returned.
    private func ranks<Value: Sendable>(_ body: @escaping @Sendable (TorchWorkers) throws -> Value) throws -> [Value] {
        let store = try RendezvousStore(localWithin: 20)
        let environment = ["MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "\(store.port)", "TORCHELASTIC_USE_AGENT_STORE": "True"]
        let results = Mutex([Int: Result<Value, any Error>]())
        let group = DispatchGroup()
        for rank in 0..<2 {
            group.enter()
            Thread.detachNewThread {
                let result = Result {
                    guard let launch = try Launch(["RANK": "\(rank)", "WORLD_SIZE": "2"]) else {
                        throw FixtureError(description: "no launch")
                    }
                    let limits = TorchWorkers.Limits(meeting: 20, operation: 20)
                    return try body(TorchWorkers(launch, limits: limits, environment: environment))
                }
                results.withLock { $0[rank] = result }
                group.leave()
            }
        }
        group.wait()
        withExtendedLifetime(store) {}
        return try results.withLock { found in try (0..<2).compactMap { try found[$0]?.get() } }
    }

    private struct Found: Sendable {
        var losses: [Double]
        var gradients: [String: [Float]]
    }

    /// Each rank's half of the pairs, to gradients summed over both.
    private func learn(
        _ folder: URL, _ weights: [Double], _ negatives: PretrainingReference.Negatives, trained: Set<NetworkPart>
    ) throws -> [Found] {
        let reference = try PretrainingReference()
        return try ranks { workers in
            let checkpoint = try TrainableCheckpoint(folder, TrainingOptions(trained: trained))
            let share = reference.pairs.count / 2
            let samples = try reference.samples(checkpoint.processor)[workers.rank * share..<(workers.rank + 1) * share]
            let pieces = try reference.pass(checkpoint, weights, negatives: negatives).pieces(Array(samples), size: share)
            let loss = try pieces[0].loss(.none, workers)
            try workers.backward(loss.total * 0.5, parameters: checkpoint.parameters.map(\.tensor), isLast: true)
            let losses = try workers.sum(loss.parts).map { $0 / 2 }
            return Found(losses: losses, gradients: try checkpoint.gradients().mapValues { try $0.floats() })
        }
    }

    private func expect(_ found: [Found], _ losses: [Double], _ file: String) throws {
        let expected = try PretrainingReference.tensors(file)
        #expect(found.count == 2)
        for rank in found {
            for (loss, right) in zip(rank.losses, losses) { #expect(abs(loss - right) < Tolerance.loss * right) }
            let gradients = try rank.gradients.reduce(into: [String: Tensor]()) { tensors, entry in
                guard let shape = expected.info(of: entry.key)?.shape else { return }
                tensors[entry.key] = try Tensor.of(entry.value, shape)
            }
            let worst = try worstGradient(gradients, expected)
            #expect(worst.gap < Tolerance.gradient, "\(worst)")
        }
    }

    @Test("losses and gradients are the mean of both, with negatives of the other's, however the vision encoder is kept")
    func both() async throws {
        let reference = try PretrainingReference()
        try await PretrainingReference.withCheckpoint { folder in
            let found = try learn(folder, [1, 1, 1], reference.twoRanks.negatives, trained: NetworkPart.trainedByDefault)
            try expect(found, reference.twoRanks.losses, "two-ranks")
            // One that is trained looks at the other's pictures itself, to the same.
            let all = try learn(folder, [1, 1, 1], reference.twoRanks.negatives, trained: Set(NetworkPart.allCases))
            try expect(all, reference.twoRanks.losses, "two-ranks")
            #expect(all[0].gradients.keys.contains { $0.hasPrefix("vision_model.encoder.") })
        }
    }

    @Test("the contrast of two processes with two pairs each is that of one with four")
    func contrast() async throws {
        let reference = try PretrainingReference()
        try await PretrainingReference.withCheckpoint { folder in
            let found = try learn(folder, [1, 0, 0], reference.negatives, trained: NetworkPart.trainedByDefault)
            try expect(found, [reference.contrastive], "contrastive")
        }
    }

    @Test("bytes of every rank come to all, unequally many too")
    func bytes() throws {
        let all = [[3, 5], [0, 4], [0, 0]]
        let found = try ranks { workers in
            try all.map { counts in try workers.gather(bytes: (0..<counts[workers.rank]).map { UInt8(10 * workers.rank + $0) }) }
        }
        let expected = all.map { counts in counts.indices.map { rank in (0..<counts[rank]).map { UInt8(10 * rank + $0) } } }
        #expect(found == [expected, expected])
        #expect(try OneWorker().gather(bytes: [7, 8]) == [[7, 8]])
    }

    @Test("gathers have every rank's numbers, in half precision too")
    func gathers() throws {
        let found = try ranks { workers in
            try [DType.float32, .bfloat16, .float16].map { type in
                let parts = try workers.gather(Tensor.of([Float(workers.rank), 0.5], nil).to(type))
                return try parts.flatMap { try $0.to(.float32).floats() }
            }
        }
        #expect(found == Array(repeating: Array(repeating: [0, 0.5, 1, 0.5], count: 3), count: 2))
        let alone = try Tensor.of([Float(3)], nil)
        try alone.requireGradient()
        let gathered = try OneWorker().gather(alone)
        #expect(try gathered.map { try $0.floats() } == [[3]] && !gathered[0].requiresGradient)
    }

    @Test("language pre-training shares the work of a step, and the step is that of one process")
    func sharedWork() async throws {
        try await withTemporaryFolder { folder in
            let samples = (0..<8).map { number in
                let words = ["red", "blue", "green", "house", "cat", "dog", "tree", "night"].prefix(1 + number % 4)
                let answer = Array(repeating: "a red house", count: number % 3 == 0 ? 9 : 1).joined(separator: " and ")
                return Sample(
                    id: "\(number)", images: [], task: .instruction(WrittenInstruction("What is it?", response: answer)),
                    descriptions: [PictureDescription(words.map { .init([.init("kind", $0)]) })])
            }
            func run(_ name: String) throws -> TinyRun {
                try TinyRun(
                    "flan-t5", samples, output: folder.appendingPathComponent(name),
                    "steps: 3, batch: 8, learning_rate: 1.0e-2, warmup_steps: 0, dropout: false, augmentation: none, workers: 0",
                    more: "language_pretraining: {places: 4}")
            }
            let alone = try run("one").train()
            let two = try run("two")
            let found = try ranks { workers in
                let recorder = Recorder()
                try Trainer(two.plan, two.checkpoint(), two.set, workers: workers, observers: [recorder]).run()
                return recorder.records
            }
            #expect(found[1].isEmpty && found[0].count == 3)
            for (record, right) in zip(found[0], alone) {
                #expect(abs(record.loss - right.loss) < 1e-5 * right.loss, "\(record.loss) \(right.loss)")
                #expect(abs(record.gradientNorm - right.gradientNorm) < 1e-4 * right.gradientNorm)
                #expect(record.targetTokens == right.targetTokens)
            }
        }
    }
}
