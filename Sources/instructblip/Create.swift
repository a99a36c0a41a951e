import ArgumentParser
import Blip
import BlipModels
import BlipScenes
import BlipTokenizers
import Dispatch
import Foundation

struct Create: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a checkpoint with random weights, in the real layout.",
        discussion: """
            For trying real memory and speed without a download; its answers mean nothing. The tokenizers are small but usable.
            --start trainable draws weights that a model can learn from, in place of uniformly small ones, and --words gives the tokenizers the words
            they will need: so begin models that are trained from nothing.

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

    @Option(help: "How weights begin: small for trying memory and speed, trainable for training from nothing.")
    var start: WeightStart = .small

    @Option(
        help: ArgumentHelp(
            "What the tokenizers know: scenes, the built-in world's words, or those of a text file. Default: common English words.",
            valueName: "scenes|file.txt"))
    var words: String?

    func run() throws {
        let creator = try CheckpointCreator(ModelCatalog.config(config), dtype: dtype.dtype, seed: seed, start: start, words: knownWords())
        let bar = ProgressBar("creating")
        defer { bar.finish() }
        let interruption = Interruption()
        try creator.write(
            to: URL(fileURLWithPath: out, isDirectory: true), progress: { bar.update($0, of: $1) }, isCancelled: { interruption.happened })
    }

    /// How many texts of the built-in world are read for its words: all of them come in fewer.
    private static let sceneTexts = 30_000

    private func knownWords() throws -> [String]? {
        guard let words else { return nil }
        var count = WordCount()
        if words == "scenes" {
            let texts = SceneText()
            for index in 0..<Self.sceneTexts { for text in try texts.texts(index) { count.add(text) } }
            return count.words().filter { !SceneText.inflections.contains($0.trimmingPrefix("▁").description) }
        }
        let text: String
        do { text = try String(contentsOf: URL(fileURLWithPath: words), encoding: .utf8) } catch {
            throw BlipError.invalidOption(
                name: "--words", found: "\(words), which cannot be read (\(error.localizedDescription))", expected: "scenes or a text file")
        }
        count.add(text)
        return count.words()
    }
}

extension WeightStart: ExpressibleByArgument {}
