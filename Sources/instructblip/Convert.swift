import ArgumentParser
import Blip
import BlipModels
import BlipTensors
import Foundation

struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a checkpoint folder of LAVIS files, or rewrite one in another type.",
        discussion: """
            LAVIS files and a language model become one folder:

              instructblip convert --lavis instruct_blip_flanxl_trimmed.pth --vit eva_vit_g.pth --llm flan-t5-xl \\
                --qformer-tokenizer bert-base-uncased --config instructblip-flan-t5-xl --out instructblip-flan-t5-xl

            BLIP-2 files too: blip2_pretrained_*.pth and blip2_caption_*.pth with --llm and without --qformer-tokenizer; the first stage's
            blip2_pretrained.pth with --config blip2-itm-vit-g, --qformer-tokenizer and without --llm.

            A folder in the Hugging Face layout, with pytorch_model*.bin or safetensors, becomes safetensors of any type:

              instructblip convert --model instructblip-vicuna-7b --dtype bfloat16 --out vicuna-bf16

            Pickled files are read without running anything they say; one that asks for more than tensors is refused by name.
            Known configs: \(ModelCatalog.all.map(\.name).joined(separator: ", ")).
            """)

    @Option(help: ArgumentHelp("The trained part: instruct_blip_*_trimmed.pth, or a BLIP-2 file.", valueName: "file.pth"))
    var lavis: String?

    @Option(help: ArgumentHelp("The image encoder: eva_vit_g.pth. Not needed where --lavis holds one.", valueName: "file.pth"))
    var vit: String?

    @Option(help: ArgumentHelp("The language model: FlanT5, Vicuna 1.1 or OPT, in the Hugging Face layout.", valueName: "dir"))
    var llm: String?

    @Option(help: ArgumentHelp("The tokenizer of bert-base-uncased.", valueName: "dir"))
    var qformerTokenizer: String?

    @Option(help: ArgumentHelp("A known config's name, or a config.json.", valueName: "name|file.json"))
    var config: String?

    @Option(name: [.short, .long], help: ArgumentHelp("The checkpoint folder to rewrite.", valueName: "dir"))
    var model: String?

    @Option(name: [.short, .long], help: ArgumentHelp("The folder to make; new or empty.", valueName: "dir"))
    var out: String

    @Option(help: "The type of the weights: float32, bfloat16 or float16. Default: float32 with --lavis, each tensor's own with --model.")
    var dtype: ComputeType?

    func validate() throws {
        let parts = [("--vit", vit), ("--llm", llm), ("--qformer-tokenizer", qformerTokenizer), ("--config", config)]
        switch (lavis, model) {
        case (nil, nil): throw ValidationError("Give --lavis with LAVIS files, or --model with a checkpoint folder.")
        case (.some, .some): throw ValidationError("--lavis and --model are two ways to convert; give one of them.")
        case (nil, .some):
            if let (name, _) = parts.first(where: { $0.1 != nil }) { throw ValidationError("\(name) goes with --lavis, not with --model.") }
        case (.some, nil):
            // Which folders are needed depends on the config.
            let missing = parts.dropFirst().filter { $0.1 == nil }.map(\.0)
            guard config != nil else { throw ValidationError("--lavis also needs \(missing.joined(separator: ", ")).") }
        }
    }

    /// The folders that files of this architecture are made a checkpoint with.
    private func check(_ architecture: Architecture) throws {
        for (name, value, isNeeded) in [
            ("--llm", llm, architecture != .blip2Retrieval), ("--qformer-tokenizer", qformerTokenizer, architecture != .blip2),
        ] where (value != nil) != isNeeded {
            throw ValidationError("\(architecture.name) \(isNeeded ? "also needs" : "has no use for") \(name).")
        }
    }

    func run() throws {
        let bar = ProgressBar("converting")
        let interruption = Interruption()
        let report = try {
            defer { bar.finish() }
            return try convert({ bar.update($0, of: $1) }, { interruption.happened })
        }()
        for note in report.notes { FileHandle.standardError.write(Data("note: \(note)\n".utf8)) }
    }

    private func convert(_ progress: @escaping (Int, Int) -> Void, _ isCancelled: () -> Bool) throws -> ConversionReport {
        let target = Self.folder(out)
        if let lavis, let config {
            let described = try ModelCatalog.config(config)
            try check(described.architecture)
            let converter = try LAVISConverter(
                config: described, trained: URL(fileURLWithPath: lavis), vision: vit.map { URL(fileURLWithPath: $0) },
                language: llm.map(Self.folder), instructionTokenizer: qformerTokenizer.map(Self.folder), dtype: dtype?.dtype ?? .float32)
            return try converter.write(to: target, progress: progress, isCancelled: isCancelled)
        }
        // `validate` saw to it that there is one.
        let converter = CheckpointConverter(folder: Self.folder(model ?? ""), dtype: dtype?.dtype)
        return try converter.write(to: target, progress: progress, isCancelled: isCancelled)
    }

    private static func folder(_ path: String) -> URL { URL(fileURLWithPath: path, isDirectory: true) }
}
