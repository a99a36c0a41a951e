import Blip
import BlipTokenizers
public import Foundation

/// A model by the name that requests know it by.
public struct ModelSpecification: Sendable, Equatable {
    public var name: String
    /// A checkpoint folder.
    public var folder: URL

    public init(name: String, folder: URL) { (self.name, self.folder) = (name, folder) }
}

/// A model that is open, and who answers with it.
struct ServedModel: Sendable {
    let name: String
    let scheduler: AnswerScheduler
    let processor: Processor
    let isEncoderDecoder: Bool
    /// Whether it must be told something; the others write a caption when they are told nothing.
    let needsInstruction: Bool

    init(_ name: String, _ assistant: Assistant, _ limits: AnswerScheduler.Limits) async throws {
        self.name = name
        scheduler = AnswerScheduler(assistant, limits)
        processor = try await assistant.processor
        isEncoderDecoder = try await assistant.isEncoderDecoder
        needsInstruction = processor.instructionTokenizer != nil
    }

    func check(_ instruction: String, param: String) throws {
        if needsInstruction, instruction.allSatisfy(\.isWhitespace) {
            throw Refusal.badField(param, "\(param) has no words; ask something, for example \"What is in the picture?\"")
        }
    }
}
