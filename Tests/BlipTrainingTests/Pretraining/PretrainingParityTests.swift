import Blip
import BlipModels
import BlipTensors
import BlipTestSupport
import Foundation
import Testing

@testable import BlipTraining

/// BLIP-2's first stage against the modules of transformers, with padding, smoothed labels and given negatives.
@Suite("The losses of pre-training equal the reference's") struct PretrainingParityTests {
    private static let losses = ["contrastive", "matching", "captioning"]

    @Test("each loss, and each gradient of it", arguments: 0..<3)
    func gradients(_ place: Int) async throws {
        let reference = try PretrainingReference()
        try await PretrainingReference.withCheckpoint { folder in
            let checkpoint = try TrainableCheckpoint(folder, TrainingOptions())
            #expect(checkpoint.parameters.map(\.name) == reference.trained)
            let pass = try reference.pass(checkpoint, (0..<3).map { $0 == place ? 1 : 0 }, negatives: reference.negatives)
            let pieces = try pass.pieces(reference.samples(checkpoint.processor), size: 4)
            #expect(pieces.count == 1 && pieces[0].tokens == reference.ids.reduce(0) { $0 + $1.count - 1 })
            let found = try pieces[0].loss(.none, OneWorker())
            #expect(try abs(found.total.item() - reference.losses[place]) < Tolerance.loss * reference.losses[place])
            for (part, expected) in zip(found.parts, reference.losses) { #expect(abs(part - expected) < Tolerance.loss * expected) }
            try found.total.backward()
            let worst = try worstGradient(checkpoint.gradients(), PretrainingReference.tensors(Self.losses[place]))
            #expect(worst.gap < Tolerance.gradient, "\(worst)")
        }
    }

    @Test("captions become the reference's ids, cut at the right, with the start of a caption behind the vocabulary")
    func ids() throws {
        let reference = try PretrainingReference()
        let checkpoint = try TrainableCheckpoint(Fixtures.checkpoint("blip2/itm"), TrainingOptions())
        for (pair, ids) in zip(reference.pairs, reference.ids) {
            #expect(try checkpoint.processor.caption(pair.caption, limit: reference.tokens) == ids)
        }
        #expect(try checkpoint.processor.captionStart() == checkpoint.config.qformer.vocabularySize - 1)
        #expect(reference.ids.contains { $0.count == reference.tokens } && reference.ids.contains { $0.count < reference.tokens })
    }

    @Test("three steps of AdamW, and two pieces of a step")
    func steps() async throws {
        let reference = try PretrainingReference()
        try await PretrainingReference.withCheckpoint { folder in
            let checkpoint = try TrainableCheckpoint(folder, TrainingOptions())
            let samples = try reference.samples(checkpoint.processor)
            let cut = try reference.pass(checkpoint, negatives: reference.twoPieces.negatives).pieces(samples, size: 2)
            #expect(cut.map(\.samples) == [2, 2])
            let parts = try cut.map { try $0.loss(.none, OneWorker()).parts }
            for (place, expected) in reference.twoPieces.losses.enumerated() {
                #expect(abs((parts[0][place] + parts[1][place]) / 2 - expected) < Tolerance.loss * expected)
            }
            var settings = AdamW.Settings()
            settings.betas = (reference.settings.betas[0], reference.settings.betas[1])
            settings.weightDecay = reference.settings.weightDecay
            let optimizer = try AdamW(checkpoint.parameters, settings)
            let pieces = try reference.pass(checkpoint, negatives: reference.negatives).pieces(samples, size: 4)
            for expected in reference.steps {
                try optimizer.clearGradients()
                let loss = try pieces[0].loss(.none, OneWorker()).total
                #expect(try abs(loss.item() - expected) < 1e-4 * expected)
                try loss.backward()
                try optimizer.step(rate: reference.settings.rate)
            }
            let weights = try PretrainingReference.tensors("weights")
            for (name, tensor) in checkpoint.parameters where !name.hasSuffix(".key.bias") {
                #expect(try relativeDifference(tensor, weights.tensor(name)) < 1e-4, "\(name)")
            }
        }
    }

    @Test("pieces are of nearly one size, and a picture alone, or several in one sample, are refused")
    func cuts() throws {
        let reference = try PretrainingReference()
        let checkpoint = try TrainableCheckpoint(Fixtures.checkpoint("blip2/itm"), TrainingOptions())
        var samples = try reference.samples(checkpoint.processor)
        let pass = try reference.pass(checkpoint, negatives: reference.negatives)
        #expect(try pass.pieces(samples + samples + samples.prefix(1), size: 4).map(\.samples) == [3, 3, 3])
        #expect(try pass.pieces(samples, size: 8).map(\.samples) == [4])
        let alone = try pass.pieces(Array(samples.prefix(1)), size: 4)
        #expect { try alone[0].loss(.none, OneWorker()) } throws: { "\($0)".contains("this one is alone; raise training.batch") }
        samples[2].frames += samples[1].frames
        #expect { try pass.pieces(samples, size: 4) } throws: { "\($0)".contains("sample 2 of few has 2 pictures or frames") }
    }
}
