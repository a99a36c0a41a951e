import ArgumentParser
import Blip
import BlipDecoding
import BlipImages
import Foundation

struct Ask: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer an instruction about a picture, several, or a clip.",
        discussion: """
            An animation, a folder of frames or a video (with ffmpeg installed) is read as frames that are spread evenly over it.
            The answer is written as it comes (with beams, when it is complete). With --json, one object is written at the end:
            answer, token_ids, finish_reason (stop or length), prompt_tokens, timings, peak_memory_bytes; with --n also sequences, with several
            pictures or frames also frames, their number.
            """)

    @OptionGroup var imageOptions: ImageOptions

    @Argument(help: "What to do or answer, for example \"What is unusual about this image?\"; \"\" lets BLIP-2 write a caption.")
    var instruction: String

    @Option(
        name: .customLong("image"),
        help: ArgumentHelp("One more picture or clip; may be given several times.", valueName: "file"))
    var moreImages: [String] = []

    @OptionGroup var clipOptions: ClipOptions

    @OptionGroup var modelOptions: ModelOptions

    @OptionGroup var decoding: DecodingArguments

    @OptionGroup var heatmaps: HeatmapArguments

    @Flag(help: "Add each token's log-probability to the JSON object.")
    var logProbabilities = false

    @Flag(help: "Write one JSON object.")
    var json = false

    func run() async throws {
        try checkInstruction(instruction, modelOptions.checkpoint)
        let sources = [try imageOptions.source] + moreImages.map { .file(URL(fileURLWithPath: $0)) }
        // A wrong picture should not have to wait for the model.
        let start = ContinuousClock.now
        let frames = try clipOptions.read(sources, imageOptions.limits)
        let reading = start.duration(to: .now) / .seconds(1)
        try heatmaps.check(frames)
        let assistant = try await modelOptions.open()
        let options = decoding.options(isEncoderDecoder: try await assistant.isEncoderDecoder)
        let writesText = !json
        let answer = try await assistant.answer(instruction, about: frames, options) { piece in
            if writesText { try writeOutput(piece) }
        }
        try await heatmaps.draw(assistant, instruction, frames)
        for note in answer.notes { writeRemark("note: \(note)\n") }
        if json {
            try writeJSON(AnswerReport(answer, frames: frames.count, reading: reading, withLogProbabilities: logProbabilities))
        } else {
            try writeOutput("\n")
            for other in answer.sequences.dropFirst() { try writeOutput(other.text + "\n") }
        }
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

    struct SequenceReport: Encodable {
        let answer: String
        let tokenIDs: [Int]
        let score: Double

        enum CodingKeys: String, CodingKey {
            case answer, score
            case tokenIDs = "token_ids"
        }
    }

    let answer: String
    let tokenIDs: [Int]
    let finishReason: String
    let promptTokens: Int
    /// Only when more than one was read.
    let frames: Int?
    let timings: TimingsReport
    let peakMemoryBytes: Int
    /// Only when several answers were asked for.
    let sequences: [SequenceReport]?
    let logProbabilities: [Double]?

    enum CodingKeys: String, CodingKey {
        case answer, frames, timings, sequences
        case logProbabilities = "log_probabilities"
        case tokenIDs = "token_ids"
        case finishReason = "finish_reason"
        case promptTokens = "prompt_tokens"
        case peakMemoryBytes = "peak_memory_bytes"
    }

    /// - Parameter reading: seconds it took to decode the pictures, which the answer's own timings do not have.
    init(_ answer: Answer, frames: Int, reading: Double, withLogProbabilities: Bool) {
        self.answer = answer.text
        self.frames = frames > 1 ? frames : nil
        tokenIDs = answer.tokenIDs
        finishReason = answer.finishReason.rawValue
        promptTokens = answer.promptTokens
        var seconds = answer.timings
        seconds.image += reading
        timings = TimingsReport(timings: seconds)
        peakMemoryBytes = peakMemory()
        let several = answer.sequences.map { SequenceReport(answer: $0.text, tokenIDs: $0.tokenIDs, score: $0.score) }
        sequences = several.count > 1 ? several : nil
        logProbabilities = withLogProbabilities ? answer.sequences[0].logProbabilities : nil
    }
}
