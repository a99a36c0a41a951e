import ArgumentParser
import Blip
import BlipHub
import BlipModels
import BlipTensors
import Foundation

struct Quantize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Pack a checkpoint's weights into 8 or 4 bits.",
        discussion: """
            The new folder is used like any other (ask, rank, chat ...), opens at once, and needs a quarter of the memory:

              instructblip quantize --model instructblip-vicuna-7b --weights q4 --out vicuna-7b-q4

            q4 packs the language model into 4 bits and the image encoder and the Q-Former into 8; q8 packs all into 8. Groups of 32
            weights share a scale, so a weight takes 4.5 or 8.5 bits. --vision, --qformer and --language choose for one part.
            """)

    @OptionGroup var checkpoint: CheckpointOption

    @Option(help: "q8 or q4.")
    var weights: PackedFormat

    @Option(help: ArgumentHelp("For the image encoder: q8, q4 or none.", valueName: "format"))
    var vision: PartFormat?

    @Option(help: ArgumentHelp("For the Q-Former and the projection.", valueName: "format"))
    var qformer: PartFormat?

    @Option(help: ArgumentHelp("For the language model.", valueName: "format"))
    var language: PartFormat?

    @Option(name: [.short, .long], help: ArgumentHelp("The folder to make; new or empty.", valueName: "dir"))
    var out: String

    func run() throws {
        var quantization = Quantization(weights)
        if let vision { quantization.vision = vision.format }
        if let qformer { quantization.qformer = qformer.format }
        if let language { quantization.language = language.format }
        let quantizer = CheckpointQuantizer(folder: try checkpoint.folder(), quantization)
        checkpoint.announce()
        let bar = ProgressBar("quantizing")
        let interruption = Interruption()
        let report = try {
            defer { bar.finish() }
            return try quantizer.write(
                to: URL(fileURLWithPath: out, isDirectory: true), progress: { bar.update($0, of: $1) },
                isCancelled: { interruption.happened })
        }()
        for note in report.notes { writeRemark("note: \(note)\n") }
    }
}

extension PackedFormat: ExpressibleByArgument {}

/// A format for one part, or none.
struct PartFormat: ExpressibleByArgument {
    let format: PackedFormat?

    init?(argument: String) {
        if argument == "none" {
            format = nil
        } else if let known = PackedFormat(rawValue: argument) {
            format = known
        } else {
            return nil
        }
    }

    static var allValueStrings: [String] { PackedFormat.allCases.map(\.rawValue) + ["none"] }
}
