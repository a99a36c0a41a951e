import ArgumentParser
import Blip
import BlipImages
import Foundation

struct Chat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask about a picture or a clip in a conversation.",
        discussion:
            "Every line is a question; what was said before goes with it. \(ChatCommand.commands.replacingOccurrences(of: "\n", with: " "))"
    )

    @OptionGroup var imageOptions: ImageOptions

    @OptionGroup var clipOptions: ClipOptions

    @OptionGroup var modelOptions: ModelOptions

    @OptionGroup var decoding: DecodingArguments

    func validate() throws {
        if imageOptions.image == "-" { throw ValidationError("chat reads questions from standard input; give the picture as a file.") }
    }

    func run() async throws {
        var frames = try clipOptions.read([imageOptions.source], imageOptions.limits)
        let assistant = try await modelOptions.open()
        var options = decoding.options(isEncoderDecoder: try await assistant.isEncoderDecoder)
        var conversation = Conversation()
        let isTerminal = isatty(STDIN_FILENO) == 1
        if isTerminal { writeRemark("\(ChatCommand.commands)\n") }
        while let line = Self.nextLine(prompting: isTerminal) {
            let text = line.trimmingCharacters(in: .whitespaces)
            if text.isEmpty { continue }
            do {
                switch try ChatCommand(text) {
                case .question(let question):
                    let answer = try await assistant.answer(
                        conversation.instruction(question), about: frames, options,
                        onText: { try writeOutput($0) })
                    try writeOutput("\n")
                    for note in answer.notes { writeRemark("note: \(note)\n") }
                    conversation.add(question, answer.text)
                case .image(let path):
                    frames = try clipOptions.read([.file(URL(fileURLWithPath: path))], imageOptions.limits)
                    conversation.reset()
                case .reset: conversation.reset()
                case .set(let name, let value): try ChatCommand.set(name, value, in: &options)
                case .help: writeRemark("\(ChatCommand.commands)\n")
                case .quit: return
                }
            } catch let error as OutputError {
                throw error
            } catch {
                // A mistake does not end a conversation at a terminal; in a script it ends the script.
                guard isTerminal, let status = ExitStatus(error) else { throw error }
                writeRemark("\(status.sentence)\n")
            }
        }
    }

    private static func nextLine(prompting: Bool) -> String? {
        if prompting { writeRemark("> ") }
        return readLine()
    }
}

/// One line of a conversation.
enum ChatCommand {
    case question(String)
    case image(String)
    case reset
    case set(String, String)
    case help
    case quit

    static let commands = """
        /image FILE takes another picture or clip, /reset forgets what was said, /set NAME VALUE changes max-tokens, num-beams, length-penalty, \
        repetition-penalty or temperature, /help, /quit
        """

    init(_ line: String) throws {
        guard line.hasPrefix("/") else {
            self = .question(line)
            return
        }
        let words = line.split(separator: " ", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
        let rest = words.count > 1 ? words[1] : ""
        switch words[0] {
        case "/image" where !rest.isEmpty: self = .image(rest)
        case "/reset": self = .reset
        case "/help": self = .help
        case "/quit", "/exit": self = .quit
        case "/set":
            let parts = rest.split(separator: " ").map(String.init)
            guard parts.count == 2 else { throw ChatError(line: line, expected: "/set NAME VALUE") }
            self = .set(parts[0], parts[1])
        default: throw ChatError(line: line, expected: Self.commands)
        }
    }

    /// Changes one option of the answers to come.
    static func set(_ name: String, _ value: String, in options: inout AnswerOptions) throws {
        var decoding = options.decoding
        switch (name, Int(value), Double(value)) {
        case ("max-tokens", let number?, _): decoding.maximumTokens = number
        case ("num-beams", let number?, _): decoding.beams = number
        case ("length-penalty", _, let number?): decoding.lengthPenalty = number
        case ("repetition-penalty", _, let number?): decoding.repetitionPenalty = number
        case ("temperature", _, let number?): decoding.sampling = number == 0 ? nil : .init(temperature: number)
        default: throw ChatError(line: "/set \(name) \(value)", expected: Self.commands)
        }
        try decoding.validate()
        options.decoding = decoding
    }
}

/// A line that begins with a slash and is no command.
struct ChatError: Error, CustomStringConvertible {
    let line: String
    let expected: String

    var description: String { "\"\(line)\" is not a command; expected \(expected)" }
}
