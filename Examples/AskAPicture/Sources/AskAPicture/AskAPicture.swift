import Blip
import Foundation

/// Usage: AskAPicture CHECKPOINT PICTURE INSTRUCTION
@main struct AskAPicture {
    static func main() async throws {
        let words = CommandLine.arguments.dropFirst()
        guard words.count == 3, let model = words.first, let instruction = words.last else {
            print("usage: AskAPicture CHECKPOINT PICTURE INSTRUCTION")
            return
        }
        let picture = URL(fileURLWithPath: words[words.startIndex + 1])

        let assistant = try await Assistant.open(URL(fileURLWithPath: model))
        for try await piece in assistant.stream(instruction, about: .file(picture)) {
            print(piece, terminator: "")
        }
        print()
    }
}
