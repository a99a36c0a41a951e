import ArgumentParser
import Blip
import BlipHub
import BlipModels
import Foundation

struct Assemble: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put a checkpoint together: image encoder, Q-Former and language model of other folders.",
        discussion: """
            So begins each of the three stages of training that lead to InstructBLIP. Stage 1 has a Q-Former made of BERT:

              instructblip assemble --kind blip2-retrieval --vision instructblip-flan-t5-xl --qformer bert-base-uncased --out stage1-start

            Stage 2 has stage 1's Q-Former and a language model:

              instructblip assemble --kind blip2 --qformer stage1 --language flan-t5-xl --out stage2-start

            InstructBLIP has stage 2's weights and the text branch of stage 1's Q-Former:

              instructblip assemble --kind instructblip --qformer stage2 --text-branch stage1 --out instructblip-start

            A part is a folder in the Hugging Face layout or a pulled model's name. What no part brings begins as PyTorch begins it, by the
            seed, and is named: the projection into another language model, BERT's queries and cross-attention, the heads of retrieval.
            """)

    @Option(help: "What to make: instructblip, blip2 or blip2-retrieval.")
    var kind: AssembledKind

    @Option(
        help: ArgumentHelp(
            "The image encoder: an InstructBLIP, a BLIP-2, or eva_vit_g.pth. Default: the one beside the Q-Former.",
            valueName: "dir|file.pth"))
    var vision: String?

    @Option(
        help: ArgumentHelp(
            "The Q-Former: an InstructBLIP, a BLIP-2, a BERT, or random. Default: the one beside the image encoder.",
            valueName: "dir|random"))
    var qformer: String?

    @Option(
        help: ArgumentHelp(
            "Take the Q-Former's part for text from here: a BLIP-2 for retrieval, an InstructBLIP or a BERT.", valueName: "dir"))
    var textBranch: String?

    @Option(
        help: ArgumentHelp(
            "The language model: FlanT5, Vicuna or OPT on its own, or that of an InstructBLIP or a BLIP-2. Default: the one beside the Q-Former.",
            valueName: "dir"))
    var language: String?

    @Option(help: ArgumentHelp("The tokenizer of bert-base-uncased, for a random Q-Former that reads text.", valueName: "dir"))
    var qformerTokenizer: String?

    @Option(
        help: ArgumentHelp(
            "Sizes of a random Q-Former, and of the queries that a BERT gets: a known config's name, or a config.json. Default: the published ones.",
            valueName: "name|file.json"))
    var config: String?

    @Option(help: "The type of the weights: float32, bfloat16 or float16. Default: each tensor's own, and float32 for new ones.")
    var dtype: ComputeType?

    @Option(help: ArgumentHelp("The same seed gives the same new weights.", valueName: "n"))
    var seed: UInt64 = 0

    @Option(name: [.short, .long], help: ArgumentHelp("The folder to make; new or empty.", valueName: "dir"))
    var out: String

    @Flag(help: "Write one JSON object: folder, architecture, tensors, bytes, notes.")
    var json = false

    private struct Report: Encodable {
        let folder: String
        let architecture: String
        let tensors: Int
        let bytes: Int
        let notes: [String]
    }

    func validate() throws {
        if vision == nil, qformer == nil || qformer == Self.random {
            throw ValidationError("Give --vision with an image encoder, or --qformer with a folder that has one beside the Q-Former.")
        }
        for (name, value, isUseful) in [
            ("--language", language, kind != .retrieval), ("--text-branch", textBranch, kind != .blip2),
            ("--qformer-tokenizer", qformerTokenizer, kind != .blip2),
        ] where value != nil && !isUseful { throw ValidationError("\(kind.architecture.name) has no use for \(name).") }
        if kind != .retrieval, language == nil, qformer == Self.random { throw ValidationError("A random Q-Former also needs --language.") }
    }

    private static let random = "random"

    func run() throws {
        let assembler = try assembler()
        let bar = ProgressBar("assembling")
        let interruption = Interruption()
        let report = try {
            defer { bar.finish() }
            return try assembler.write(
                to: URL(fileURLWithPath: out, isDirectory: true), progress: { bar.update($0, of: $1) },
                isCancelled: { interruption.happened })
        }()
        let name = kind.architecture.name
        if json {
            return try writeJSON(
                Report(folder: out, architecture: name, tensors: report.tensors, bytes: report.bytes, notes: report.notes))
        }
        for note in report.notes { writeRemark("note: \(printable(note))\n") }
        try writeOutput("\(out): \(name), \(grouped(report.tensors)) tensors, \(String(format: "%.2f", Double(report.bytes) / 1e9)) GB\n")
    }

    private func assembler() throws -> CheckpointAssembler {
        let locator = ModelLocator(try HubSettings().cache)
        func folder(_ text: String?) throws -> URL? { try text.map { try locator.folder(for: $0) } }
        let parts = CheckpointAssembler.Parts(
            vision: try vision.map { $0.hasSuffix(".pth") ? URL(fileURLWithPath: $0) : try locator.folder(for: $0) },
            qformer: qformer == Self.random ? .random : try folder(qformer).map { .folder($0) }, textBranch: try folder(textBranch),
            language: try folder(language), qformerTokenizer: try folder(qformerTokenizer))
        return try CheckpointAssembler(
            kind.architecture, parts, sizes: config.map { try ModelCatalog.config($0) }, seed: seed, dtype: dtype?.dtype)
    }
}

/// The kinds of checkpoint that are put together.
enum AssembledKind: String, ExpressibleByArgument, CaseIterable {
    case instructblip
    case blip2
    case retrieval = "blip2-retrieval"

    var architecture: Architecture {
        switch self {
        case .instructblip: .instructBLIP
        case .blip2: .blip2
        case .retrieval: .blip2Retrieval
        }
    }
}
