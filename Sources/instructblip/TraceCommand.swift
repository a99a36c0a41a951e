import ArgumentParser
import Blip
import Foundation

struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Write every stage of reading a picture and an instruction to a file.",
        discussion: """
            A safetensors file with float32 tensors: pixel_values [1,3,H,W], image_embeds [1,P,V] (after the post layer norm),
            query_output [1,Nq,Q], soft_prompt [1,Nq,D], logits (decoder-only: every position; encoder-decoder: the first
            decoder step), and the ids qformer_input_ids and input_ids as int64. Of a clip every frame is a row of what concerns one.
            With --layers also what every layer makes: vision_layers.0, ..., qformer_layers.0, ..., language_layers.0, ... (an encoder's first).
            """)

    @OptionGroup var imageOptions: ImageOptions

    @Argument(help: "The instruction.")
    var instruction: String

    @OptionGroup var clipOptions: ClipOptions

    @OptionGroup var modelOptions: ModelOptions

    @Option(name: [.short, .long], help: ArgumentHelp("The file to write.", valueName: "file.safetensors"))
    var output: String

    @Flag(help: "Write the output of every layer too.")
    var layers = false

    func validate() throws {
        if modelOptions.imageCache.imageCache != nil { throw ValidationError("trace looks at the picture anew; leave out --image-cache.") }
    }

    func run() async throws {
        try checkInstruction(instruction, modelOptions.checkpoint)
        let frames = try clipOptions.read([imageOptions.source], imageOptions.limits)
        let assistant = try await modelOptions.open()
        try await assistant.trace(instruction, about: frames, to: URL(fileURLWithPath: output), layers: layers)
    }
}
