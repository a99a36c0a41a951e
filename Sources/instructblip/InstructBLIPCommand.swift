import ArgumentParser
import BlipTensors
import Foundation

/// The root: one line per verb.
struct InstructBLIPCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "instructblip",
        abstract: "Answers instructions about pictures, with InstructBLIP and BLIP-2.",
        discussion: """
            A checkpoint is a folder in the Hugging Face layout of Salesforce/instructblip-* or Salesforce/blip2-*.

              instructblip ask photo.jpg "What is unusual about this image?" --model instructblip-flan-t5-xl

            Without --model the small model built in answers. It knows drawn scenes, which instructblip scene makes, and no photographs; to see it work:

              instructblip demo
            """,
        version: "0.1.0",
        subcommands: [
            Demo.self, Ask.self, Caption.self, Chat.self, Serve.self, Rank.self, Match.self, TraceCommand.self, Tokenize.self, Show.self,
            Create.self,
            Convert.self, Assemble.self, Quantize.self, DoctorCommand.self, Bench.self, EvalCommand.self, Score.self, TrainCommand.self,
            DataCommand.self,
            SceneCommand.self,
            LaunchCommand.self,
            CheckWorkers.self, Pull.self, ListModels.self, Remove.self,
        ])
}

/// The entry point: runs a verb, and turns what goes wrong into one sentence and an exit status.
@main enum Program {
    static func main() async {
        Lifeline.watch()
        Engine.keepMemory()
        if let wanted = ProcessInfo.processInfo.environment["INSTRUCTBLIP_KERNELS"], wanted != Kernels.name {
            writeRemark("note: INSTRUCTBLIP_KERNELS=\(wanted) is unknown, or this processor has it not; using \(Kernels.name)\n")
        }
        do {
            let arguments = NegativeNumbers.joined(Array(CommandLine.arguments.dropFirst()))
            try VerbSpelling.check(arguments, root: InstructBLIPCommand.self)
            var command = try InstructBLIPCommand.parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            guard let status = ExitStatus(error) else { InstructBLIPCommand.exit(withError: error) }
            writeRemark("error: \(status.sentence)\n")
            exit(status.code)
        }
    }
}
