import BlipData
import BlipTensors
import Foundation

/// The samples of a step whose loss was no number, written out so that somebody can look at them.
struct BadBatch: Encodable {
    struct Entry: Encodable {
        var dataset: String
        var sample: String
        var index: Int
        var epoch: Int
        var instruction: String
        var answer: String
        var images: [String]
    }

    var step: Int
    var loss: String
    var gradientNorm: String
    var samples: [Entry]

    enum CodingKeys: String, CodingKey {
        case step, loss, samples
        case gradientNorm = "gradient_norm"
    }

    init(_ record: StepRecord, _ examples: [LoadedExample]) {
        step = record.step
        // JSON has no word for what these may be.
        (loss, gradientNorm) = (Self.text(record.loss), Self.text(record.gradientNorm))
        samples = examples.map { loaded in
            Entry(
                dataset: loaded.example.dataset, sample: loaded.example.sample, index: loaded.draw.index, epoch: loaded.draw.epoch,
                instruction: loaded.example.instruction, answer: loaded.example.answer, images: loaded.example.images.map(\.label))
        }
    }

    private static func text(_ number: Double) -> String { number.isNaN ? "nan" : "\(number)" }

    func write(to file: URL) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.writeWhole(encoder.encode(self), to: file)
    }
}
