import Blip
import BlipTokenizers
public import Foundation

/// A model by the name that requests know it by.
public struct ModelSpecification: Sendable, Equatable {
    public var name: String
    /// A checkpoint folder.
    public var folder: URL
    /// How often it is opened, each with a thread of its own; see ``AnswerScheduler``.
    public var engines: Int

    public init(name: String, folder: URL, engines: Int = 1) { (self.name, self.folder, self.engines) = (name, folder, engines) }
}

/// A model that is open, and who answers with it.
struct ServedModel: Sendable {
    let name: String
    let scheduler: AnswerScheduler
    let processor: Processor
    let isEncoderDecoder: Bool
    /// Whether it must be told something; the others write a caption when they are told nothing.
    let needsInstruction: Bool

    /// - Parameter assistants: the same checkpoint, once for each engine; at least one.
    init(_ name: String, _ assistants: [Assistant], _ limits: AnswerScheduler.Limits) async throws {
        let assistant = assistants[0]
        self.name = name
        scheduler = AnswerScheduler(assistant, limits, beside: Array(assistants.dropFirst()))
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
