import ArgumentParser
import Blip
import BlipImages
import Foundation

struct Caption: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write captions for a folder of pictures.",
        discussion: """
            One JSON object a line: id and image (the path in the folder), and caption, or error. One picture's caption is written as text.
            Of an animation the first frame is read. InstructBLIP is told the paper's prompt for captions, "\(Self.prompt)", BLIP-2 nothing; decoding is --preset caption,
            with the built-in model --preset greedy.

              instructblip caption photos --model instructblip-flan-t5-xl --output captions.jsonl

            \(BatchArguments.discussion)
            """)

    /// Source: InstructBLIP (Dai et al., 2023), appendix E, the prompt for NoCaps and Flickr30K.
    static let prompt = "A short image description:"

    @Argument(help: ArgumentHelp("A folder of JPEG, PNG, WebP and GIF pictures, or pictures.", valueName: "folder|file"))
    var places: [String]

    @Option(help: ArgumentHelp("What is told with every picture.", valueName: "text"))
    var instruction: String?

    @Flag(help: "Enter folders in the folder.")
    var recursive = false

    @OptionGroup var imageSize: ImageSizeOptions

    @OptionGroup var batch: BatchArguments

    @OptionGroup var modelOptions: ModelOptions

    @OptionGroup var decoding: DecodingArguments

    func validate() throws {
        if (decoding.count ?? 1) > 1 { throw ValidationError("caption writes one caption for each picture; leave out --n.") }
    }

    func run() async throws {
        let list = try PictureList(places, recursive: recursive)
        let paths = list.paths.map { URL(fileURLWithPath: $0, relativeTo: list.root).path }
        if let output = batch.output, paths.contains(where: { WholeFile.isSame($0, output) }) {
            throw ValidationError("--output is one of the pictures; choose another file for the captions.")
        }
        if let instruction { try checkInstruction(instruction, modelOptions.checkpoint) }
        let told = instruction
        let instruction: @Sendable (Processor) -> String = { told ?? ($0.instructionTokenizer == nil ? "" : Self.prompt) }
        if places == list.paths, places.count == 1, batch.output == nil { return try await captionOne(list, instruction) }
        let passedOver = [(list.otherFiles, "file"), (list.otherFolders, "folder")].filter { $0.0 > 0 }
        if !passedOver.isEmpty {
            let counts = passedOver.map { BatchWork.counted($0.0, $0.1) }.joined(separator: " and ")
            writeRemark("note: \(counts) passed over\(list.otherFolders > 0 && !recursive ? "; --recursive enters folders" : "")\n")
        }
        let work = BatchWork(
            questions: try BatchQuestions(captionsOf: list.paths, root: list.root), arguments: batch, model: modelOptions,
            decoding: decoding, limits: imageSize.limits, noun: "caption", preset: try modelOptions.checkpoint.captionPreset(),
            instruction: instruction, maker: told.map { ["instruction": $0] } ?? [:])
        try await work.run()
    }

    private func captionOne(_ list: PictureList, _ instruction: (Processor) -> String) async throws {
        let source = ImageSource.file(URL(fileURLWithPath: list.paths[0]))
        // As in a folder, a clip's first frame; a wrong picture should not have to wait for the model.
        let frames = try source.frames(1, limits: imageSize.limits)
        let assistant = try await modelOptions.open()
        let options = decoding.options(
            isEncoderDecoder: try await assistant.isEncoderDecoder, usual: try modelOptions.checkpoint.captionPreset())
        let answer = try await assistant.answer(instruction(assistant.processor), about: frames, options)
        for note in answer.notes { writeRemark("note: \(note)\n") }
        try writeOutput(answer.text + "\n")
    }
}
