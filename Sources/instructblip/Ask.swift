import ArgumentParser
import Blip
import BlipDecoding
import BlipImages
import Foundation

struct Ask: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer an instruction about a picture.",
        discussion: """
            The answer is written as it comes. With --json, one object is written at the end:
            answer, token_ids, finish_reason (stop or length), prompt_tokens, timings, peak_memory_bytes.
            """)

    @OptionGroup var imageOptions: ImageOptions

    @Argument(help: "What to do or answer, for example \"What is unusual about this image?\"")
    var instruction: String

    @OptionGroup var modelOptions: ModelOptions

    @Option(name: [.customLong("max-tokens"), .customLong("max-new-tokens")], help: ArgumentHelp("New tokens at most.", valueName: "n"))
    var maxTokens: Int = 256

    @Flag(help: "Stop at the config's end ids alone, as transformers does (published Vicuna files then run on to the limit).")
    var stopLikeTransformers = false

    @Flag(help: "Write one JSON object.")
    var json = false

    func validate() throws {
        if maxTokens < 1 { throw ValidationError("--max-tokens must be at least 1, found \(maxTokens).") }
    }

    func run() async throws {
        try checkInstruction(instruction)
        let source = try imageOptions.source
        // A wrong picture should not have to wait for the model.
        _ = try source.load(limits: imageOptions.limits)
        let assistant = try await modelOptions.open()
        let options = AnswerOptions(maximumTokens: maxTokens, stop: stopLikeTransformers ? .configOnly : .configAndTokenizer)
        let writesText = !json
        let answer = try await assistant.answer(instruction, about: source, options, limits: imageOptions.limits) { piece in
            if writesText { try writeOutput(piece) }
        }
        for note in answer.notes { writeRemark("note: \(note)\n") }
        if json { try writeJSON(AnswerReport(answer)) } else { try writeOutput("\n") }
    }
}

/// What `ask --json` writes.
struct AnswerReport: Encodable {
    struct TimingsReport: Encodable {
        let timings: Timings

        enum CodingKeys: String, CodingKey {
            case load = "load_s"
            case image = "image_s"
            case vision = "vision_s"
            case qformer = "qformer_s"
            case prefill = "prefill_s"
            case decode = "decode_s"
            case tokensPerSecond = "tokens_per_s"
        }

        func encode(to encoder: any Encoder) throws {
            var keys = encoder.container(keyedBy: CodingKeys.self)
            try keys.encode(timings.load, forKey: .load)
            try keys.encode(timings.image, forKey: .image)
            try keys.encode(timings.vision, forKey: .vision)
            try keys.encode(timings.qformer, forKey: .qformer)
            try keys.encode(timings.prefill, forKey: .prefill)
            try keys.encode(timings.decode, forKey: .decode)
            try keys.encode(timings.tokensPerSecond, forKey: .tokensPerSecond)
        }
    }

    let answer: String
    let tokenIDs: [Int]
    let finishReason: String
    let promptTokens: Int
    let timings: TimingsReport
    let peakMemoryBytes: Int

    enum CodingKeys: String, CodingKey {
        case answer, timings
        case tokenIDs = "token_ids"
        case finishReason = "finish_reason"
        case promptTokens = "prompt_tokens"
        case peakMemoryBytes = "peak_memory_bytes"
    }

    init(_ answer: Answer) {
        self.answer = answer.text
        tokenIDs = answer.tokenIDs
        finishReason = answer.finishReason.rawValue
        promptTokens = answer.promptTokens
        timings = TimingsReport(timings: answer.timings)
        peakMemoryBytes = peakMemory()
    }
}
