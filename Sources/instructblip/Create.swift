import ArgumentParser
import Blip
import BlipModels
import Dispatch
import Foundation

struct Create: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a checkpoint with random weights, in the real layout.",
        discussion: """
            For trying real memory and speed without a download; its answers mean nothing. The tokenizers are small but usable.
            Known configs: \(ModelCatalog.all.map(\.name).joined(separator: ", ")).
            """)

    @Option(help: ArgumentHelp("A known config's name, or a config.json of any size.", valueName: "name|file.json"))
    var config: String

    @Option(help: "The type of the weights: float32, bfloat16 or float16.")
    var dtype: ComputeType = .bfloat16

    @Option(name: [.short, .long], help: ArgumentHelp("The folder to make; new or empty.", valueName: "dir"))
    var out: String

    @Option(help: ArgumentHelp("The same seed gives the same weights.", valueName: "n"))
    var seed: UInt64 = 0

    func run() throws {
        let creator = try CheckpointCreator(ModelCatalog.config(config), dtype: dtype.dtype, seed: seed)
        let bar = ProgressBar("creating")
        defer { bar.finish() }
        let interruption = Interruption()
        try creator.write(
            to: URL(fileURLWithPath: out, isDirectory: true), progress: { bar.update($0, of: $1) }, isCancelled: { interruption.happened })
    }
}
