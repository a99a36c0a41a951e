import ArgumentParser
import Blip
import BlipModels
import BlipTensors
import Foundation

struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure how fast a model answers here, and what this machine would allow.",
        discussion: """
            Medians of several answers: seconds for each stage, tokens per second, and beside them the rates at which this machine reads memory
            and multiplies bytes, measured in the same run. Run nothing else meanwhile. With --config no files are needed: the weights are random,
            made in the type asked for.

              instructblip bench --config instructblip-vicuna-7b --quantize q4
              instructblip bench --model vicuna-7b-q4 --json

            Known configs: \(ModelCatalog.all.map(\.name).joined(separator: ", ")); instructblip- may be left out.
            """)

    @Option(
        name: [.short, .long], help: ArgumentHelp("A checkpoint folder, the name of a pulled model, or scenes.", valueName: "dir|org/name"))
    var model: String?

    @Option(help: ArgumentHelp("A known config's name, or a config.json: random weights.", valueName: "name|file.json"))
    var config: String?

    @Option(help: "q8 or q4: the packed type of the weights.")
    var quantize: PackedFormat?

    @Option(help: ArgumentHelp("For the image encoder: q8, q4 or none. Default with --quantize: q8.", valueName: "format"))
    var vision: PartFormat?

    @Option(help: "The type to compute in: float32, bfloat16 or float16.")
    var dtype: ComputeType?

    @Option(help: ArgumentHelp("Where to compute: cpu, cuda, cuda:N or mps.", valueName: "device"))
    var device = DeviceName(device: .cpu)

    @Option(name: [.short, .long], help: ArgumentHelp("CPU threads. Default: one per core.", valueName: "n"))
    var threads: Int?

    @Option(help: ArgumentHelp("Tokens of the instruction, behind those of the picture.", valueName: "n"))
    var promptTokens = 32

    @Option(help: ArgumentHelp("Tokens of the answer.", valueName: "n"))
    var newTokens = 32

    @Option(
        name: [.customLong("beams"), .customLong("num-beams")], help: ArgumentHelp("Beams of the search; 1 is greedy.", valueName: "n"))
    var beams = 1

    @Option(help: ArgumentHelp("Pictures and instructions at once.", valueName: "n"))
    var batch = 1

    @Option(help: ArgumentHelp("Answers measured, after one that is not.", valueName: "n"))
    var rounds = 5

    @Flag(help: "Write one JSON object in the last line.")
    var json = false

    func validate() throws {
        guard (model == nil) != (config == nil) else { throw ValidationError("Give either --model or --config.") }
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads must be between 1 and 1024, found \(threads).") }
        if vision != nil, quantize == nil { throw ValidationError("--vision goes with --quantize.") }
    }

    func run() throws {
        if let threads { Engine.setThreads(threads) }
        var options = Benchmark.Options()
        options.dtype = dtype?.dtype
        options.device = device.device
        options.quantization = quantize.map { Quantization($0) }
        if let vision { options.quantization?.vision = vision.format }
        options.promptTokens = promptTokens
        options.newTokens = newTokens
        options.beams = beams
        options.batch = batch
        options.rounds = rounds
        let report = try Benchmark(measured(), options).run { writeRemark("\($0)\n") }
        let figures = BenchFigures(report, name: model ?? config ?? "", quantization: options.quantization, bench: self)
        if json { try writeJSON(figures) } else { try writeOutput(figures.table + "\n") }
    }

    private func measured() throws -> Benchmark.Model {
        if let model { return .folder(try modelFolder(model)) }
        let name = config ?? ""
        let short = ModelCatalog.all.map(\.name).contains("instructblip-" + name) ? "instructblip-" + name : name
        return .random(try ModelCatalog.config(short))
    }
}

/// What `bench` writes.
private struct BenchFigures: Encodable {
    let model: String
    let weights: String
    let dtype: String
    let kernels = Kernels.name
    let threads = Engine.threads
    let batch, beams, rounds, newTokens, prefillTokens: Int
    let loadS, imageS, visionS, qformerS, prefillS, timeToFirstTokenS: Double
    let decodeTokensPerS, decodeTokensPerSMin, decodeTokensPerSMax: Double
    let decodeGBPerS, memoryLimitGBPerS, decodeMemoryShare, decodeShareOutsideProducts: Double
    let visionGOPPerS, prefillGOPPerS, int8LimitGOPPerS, floatLimitGOPPerS: Double
    /// Shares of the limit of what they are computed in: 8-bit integers, or floats.
    let visionLimitShare, prefillLimitShare: Double
    private let isPacked: (vision: Bool, language: Bool)
    let weightBytes, peakMemoryBytes: Int

    enum CodingKeys: String, CodingKey {
        case model, weights, dtype, kernels, threads, batch, beams, rounds
        case newTokens = "new_tokens"
        case prefillTokens = "prefill_tokens"
        case loadS = "load_s"
        case imageS = "image_s"
        case visionS = "vision_s"
        case qformerS = "qformer_s"
        case prefillS = "prefill_s"
        case timeToFirstTokenS = "time_to_first_token_s"
        case decodeTokensPerS = "decode_tokens_per_s"
        case decodeTokensPerSMin = "decode_tokens_per_s_min"
        case decodeTokensPerSMax = "decode_tokens_per_s_max"
        case decodeGBPerS = "decode_gb_per_s"
        case memoryLimitGBPerS = "memory_limit_gb_per_s"
        case decodeMemoryShare = "decode_memory_share"
        case decodeShareOutsideProducts = "decode_share_outside_products"
        case visionGOPPerS = "vision_gop_per_s"
        case prefillGOPPerS = "prefill_gop_per_s"
        case int8LimitGOPPerS = "int8_limit_gop_per_s"
        case floatLimitGOPPerS = "float_limit_gop_per_s"
        case visionLimitShare = "vision_limit_share"
        case prefillLimitShare = "prefill_limit_share"
        case weightBytes = "weight_bytes"
        case peakMemoryBytes = "peak_memory_bytes"
    }

    init(_ report: BenchmarkReport, name: String, quantization: Quantization?, bench: Bench) {
        func format(_ part: PackedFormat?) -> String { part?.rawValue ?? report.dtype.rawValue }
        model = name
        weights = quantization.map { "\(format($0.language)), image encoder \(format($0.vision))" } ?? "as stored"
        dtype = report.dtype.rawValue
        (batch, beams, rounds) = (bench.batch, bench.beams, bench.rounds)
        (newTokens, prefillTokens) = (bench.newTokens, report.prefillTokens)
        (loadS, imageS, visionS, qformerS, prefillS) = (report.load, report.image, report.vision, report.qformer, report.prefill)
        timeToFirstTokenS = report.timeToFirstToken
        decodeTokensPerS = report.decodeTokensPerSecond
        (decodeTokensPerSMin, decodeTokensPerSMax) = (report.decodeRange.lowerBound, report.decodeRange.upperBound)
        (decodeGBPerS, memoryLimitGBPerS) = (report.decodeBytesPerSecond / 1e9, report.memoryLimit / 1e9)
        decodeMemoryShare = report.decodeMemoryShare
        decodeShareOutsideProducts = report.decodeShareOutsideProducts
        (visionGOPPerS, prefillGOPPerS) = (report.visionRate / 1e9, report.prefillRate / 1e9)
        int8LimitGOPPerS = report.integerLimit / 1e9
        floatLimitGOPPerS = report.floatLimit / 1e9
        isPacked = report.isPacked
        visionLimitShare = report.visionRate / (isPacked.vision ? report.integerLimit : report.floatLimit)
        prefillLimitShare = report.prefillRate / (isPacked.language ? report.integerLimit : report.floatLimit)
        weightBytes = report.weightBytes
        peakMemoryBytes = report.peakMemory
    }

    var table: String {
        func row(_ name: String, _ value: String, _ note: String = "") -> String {
            name.padding(toLength: 22, withPad: " ", startingAt: 0) + value.padding(toLength: 20, withPad: " ", startingAt: 0) + note
        }
        func seconds(_ value: Double) -> String { String(format: "%.4g s", value) }
        func percent(_ share: Double) -> String { String(format: "%.0f %%", share * 100) }
        return [
            row("model", model, "\(weights), computed in \(dtype), \(kernels), \(threads) threads"),
            row("load", seconds(loadS), String(format: "%.2f GB of weights", Double(weightBytes) / 1e9)),
            row("image", seconds(imageS)),
            row(
                "image encoder", seconds(visionS),
                String(format: "%.0f GOP/s", visionGOPPerS)
                    + ", \(percent(visionLimitShare)) of this machine's \(isPacked.vision ? "8-bit" : dtype) rate"),
            row("Q-Former", seconds(qformerS)),
            row(
                "prefill", seconds(prefillS),
                "\(prefillTokens) tokens, " + String(format: "%.0f GOP/s", prefillGOPPerS)
                    + ", \(percent(prefillLimitShare)) of the \(isPacked.language ? "8-bit" : dtype) rate"),
            row("first token after", seconds(timeToFirstTokenS)),
            row(
                "decode", String(format: "%.4g tokens/s", decodeTokensPerS),
                String(format: "%.3g to %.3g; %.1f GB/s", decodeTokensPerSMin, decodeTokensPerSMax, decodeGBPerS)
                    + ", \(percent(decodeMemoryShare)) of this machine's memory rate; \(percent(decodeShareOutsideProducts)) outside the large products"
            ),
            row("memory rate", String(format: "%.1f GB/s", memoryLimitGBPerS)),
            row("8-bit rate", String(format: "%.0f GOP/s", int8LimitGOPPerS)),
            row("\(dtype) rate", String(format: "%.0f GOP/s", floatLimitGOPPerS)),
            row("peak memory", String(format: "%.2f GB", Double(peakMemoryBytes) / 1e9)),
        ].joined(separator: "\n")
    }
}
