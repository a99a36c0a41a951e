import ArgumentParser
import Blip
import BlipDecoding
import BlipImages
import Foundation

struct Ask: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer an instruction about a picture, several, or a clip; or a file of questions.",
        usage: """
            instructblip ask <image> <instruction> [--model <dir|org/name>] [<options>]
            instructblip ask --questions <file.jsonl> --output <file.jsonl> [--model <dir|org/name>] [<options>]
            """,
        discussion: """
            An animation, a folder of frames or a video (with ffmpeg installed) is read as frames that are spread evenly over it.
            The answer is written as it comes (with beams, when it is complete). With --json, one object is written at the end:
            answer, token_ids, finish_reason (stop or length), prompt_tokens, timings, peak_memory_bytes; with --n also sequences, with several
            pictures or frames also frames, their number.

            --questions takes JSON lines with image (the path of a picture or clip, or a list of paths), instruction, and an id; each comes
            back with answer, or error, in the same order. Of a clip, --frames are read. \(BatchArguments.discussion)
            """)

    @Argument(
        help: "The picture: a JPEG, PNG, WebP or GIF file, or - for standard input; or a clip: an animation, a folder of frames or a video."
    )
    var image: String?

    @Argument(help: "What to do or answer, for example \"What is unusual about this image?\"; \"\" lets BLIP-2 write a caption.")
    var instruction: String?

    @OptionGroup var imageSize: ImageSizeOptions

    @Option(
        name: .customLong("image"),
        help: ArgumentHelp(
            "One more picture or clip, or the first where only the instruction has a place; may be given several times.",
            valueName: "file"))
    var moreImages: [String] = []

    @OptionGroup var clipOptions: ClipOptions

    @OptionGroup var modelOptions: ModelOptions

    @OptionGroup var decoding: DecodingArguments

    @OptionGroup var heatmaps: HeatmapArguments

    @Flag(help: "Add each token's log-probability to the JSON object.")
    var logProbabilities = false

    @Flag(help: "Write one JSON object.")
    var json = false

    @Option(help: ArgumentHelp("Answer these questions, one JSON object a line; - for standard input.", valueName: "file.jsonl"))
    var questions: String?

    @Option(help: ArgumentHelp("What paths of pictures in --questions are relative to (default: the file's folder).", valueName: "dir"))
    var root: String?

    @OptionGroup var batch: BatchArguments

    mutating func validate() throws {
        // All pictures may be given by --image, and the instruction alone by its place.
        if questions == nil, instruction == nil, let only = image, !moreImages.isEmpty, !FileManager.default.fileExists(atPath: only) {
            (image, instruction) = (moreImages.removeFirst(), only)
        }
        guard questions != nil else {
            if image == nil { throw ValidationError("Missing expected argument '<image>': a picture, or --questions and a file of them.") }
            if instruction == nil { throw ValidationError("Missing expected argument '<instruction>': what to do or answer, in quotes.") }
            if logProbabilities, !json { throw ValidationError("--log-probabilities are written with --json; add it.") }
            if let option = batch.firstGiven ?? root.map({ _ in "--root" }) { throw ValidationError("\(option) goes with --questions.") }
            return
        }
        if let questions, let output = batch.output, WholeFile.isSame(questions, output) {
            throw ValidationError("--output is the file of --questions; choose another file for the answers.")
        }
        if let image { throw ValidationError("With --questions the pictures stand in the file; leave out \"\(image)\".") }
        let others = [
            ("--image", !moreImages.isEmpty), ("--heatmap", heatmaps.heatmap != nil), ("--json", json),
            ("--log-probabilities", logProbabilities), ("--n", (decoding.count ?? 1) > 1),
        ]
        if let (name, _) = others.first(where: \.1) { throw ValidationError("\(name) does not go with --questions.") }
    }

    func run() async throws {
        if let questions { return try await answerAll(questions) }
        // `validate` saw to it that there are both.
        let (image, instruction) = (image ?? "", instruction ?? "")
        try checkInstruction(instruction, modelOptions.checkpoint)
        let sources = [try imageSize.source(image)] + moreImages.map { .file(URL(fileURLWithPath: $0)) }
        // A wrong picture should not have to wait for the model.
        let start = ContinuousClock.now
        let frames = try clipOptions.read(sources, imageSize.limits)
        let reading = start.duration(to: .now) / .seconds(1)
        try heatmaps.check(frames, from: [image] + moreImages)
        let assistant = try await modelOptions.open()
        try await assistant.checkHeatmap(layer: heatmaps.heatmapLayer, query: heatmaps.heatmapQuery)
        let options = decoding.options(isEncoderDecoder: try await assistant.isEncoderDecoder)
        let writesText = !json
        let answer = try await assistant.answer(instruction, about: frames, options) { piece in
            if writesText { try writeOutput(piece) }
        }
        try await heatmaps.draw(assistant, instruction, frames) { text in
            text == instruction ? answer.text : try await assistant.answer(text, about: frames, options).text
        }
        for note in answer.notes { writeRemark("note: \(note)\n") }
        if json {
            try writeJSON(AnswerReport(answer, frames: frames.count, reading: reading, withLogProbabilities: logProbabilities))
        } else {
            try writeOutput("\n")
            for other in answer.sequences.dropFirst() { try writeOutput(other.text + "\n") }
        }
    }

    private func answerAll(_ file: String) async throws {
        let folder = root.map { URL(fileURLWithPath: $0, isDirectory: true) }
        var list = try file == "-" ? BatchQuestions(standardInput: folder) : BatchQuestions(file: URL(fileURLWithPath: file), root: folder)
        list.framesOfClip = clipOptions.frames
        let work = BatchWork(
            questions: list, arguments: batch, model: modelOptions, decoding: decoding, limits: imageSize.limits, noun: "answer",
            maker: clipOptions.frames == FrameSampling.defaultCount ? [:] : ["frames": "\(clipOptions.frames)"])
        try await work.run()
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
