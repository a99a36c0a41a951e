import ArgumentParser
import Blip
import BlipModels
import Foundation

struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a checkpoint holds: architecture, parameters, types, sizes, tokenizers.",
        discussion: "No weight is loaded; their names and shapes are checked against the config.")

    @OptionGroup var checkpoint: CheckpointOption

    @Flag(help: "Write one JSON object.")
    var json = false

    func run() throws {
        let summary = try CheckpointSummary(folder: checkpoint.folder())
        checkpoint.announce()
        if json { try writeJSON(summary) } else { try writeOutput(Self.text(summary) + "\n") }
    }

    static func text(_ summary: CheckpointSummary) -> String {
        let (vision, qformer) = (summary.config.vision, summary.config.qformer)
        let language =
            switch summary.config.language {
            case .llama(let llama):
                "\(llama.layerCount) layers, width \(llama.hiddenSize), \(llama.headCount) heads, vocabulary \(grouped(llama.vocabularySize))"
            case .opt(let opt):
                "\(opt.layerCount) layers, width \(opt.hiddenSize), \(opt.headCount) heads, vocabulary \(grouped(opt.vocabularySize))"
            case .t5(let t5):
                "\(t5.encoderLayerCount) + \(t5.decoderLayerCount) layers, width \(t5.width), \(t5.headCount) heads, vocabulary \(grouped(t5.vocabularySize))"
            }
        var rows = [
            ("architecture", summary.architecture),
            (
                "image encoder",
                "\(vision.layerCount) layers, width \(vision.hiddenSize), \(vision.imageSize) pixels in patches of \(vision.patchSize)"
            ),
            (
                "Q-Former",
                "\(qformer.layerCount) layers, width \(qformer.hiddenSize), \(summary.config.queryCount) queries"
                    + (summary.config.isToldInstruction ? "" : ", not told the instruction")
            ),
            ("language model", summary.config.architecture == .blip2Retrieval ? "none" : language),
            ("parameters", grouped(summary.parameters)),
        ]
        rows += summary.parts.map { part in
            let packing =
                part.packed.isEmpty
                ? "" : "  " + part.packed.joined(separator: ", ") + String(format: ", %.2f bits a weight", part.bitsPerWeight)
            return ("  " + part.name, grouped(part.parameters) + packing + (part.isTrainable ? "  (trained by instruction tuning)" : ""))
        }
        rows += [
            ("types", summary.dtypes.sorted { $0.value > $1.value }.map { "\($0.key) \(grouped($0.value))" }.joined(separator: ", ")),
            (
                "files",
                String(format: "%d with %d tensors, %.2f GB", summary.fileCount, summary.tensorCount, Double(summary.bytes) / 1e9)
            ),
        ]
        rows += summary.tokenizers.map { tokenizer in
            let special = tokenizer.specialIDs.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
            return ("\(tokenizer.role) tokenizer", "\(tokenizer.algorithm), \(grouped(tokenizer.tokens)) tokens, \(special)")
        }
        if !summary.stopIDs.isEmpty { rows.append(("stop ids", summary.stopIDs.map(String.init).joined(separator: ", "))) }
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { $0.0.padding(toLength: width + 2, withPad: " ", startingAt: 0) + $0.1 }.joined(separator: "\n")
    }
}
