import BlipData
import BlipImages
public import Foundation

/// Predictions as a test server takes them.
public struct SubmissionFile: Sendable {
    /// The forms of servers.
    enum Form: Sendable {
        /// `[{"question_id", "answer"}]`: VQAv2, OKVQA, TextVQA.
        case questions
        /// `[{"image", "answer"}]`: VizWiz.
        case images
        /// `[{"image_id", "caption"}]`: COCO, NoCaps, TextCaps.
        case captions
        /// `[{"questionId", "prediction"}]`: GQA.
        case gqa
    }

    private struct Entry: Encodable {
        let members: [(String, Value)]

        enum Value: Encodable {
            case number(Int), text(String)

            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                switch self {
                case .number(let number): try container.encode(number)
                case .text(let text): try container.encode(text)
                }
            }
        }

        private struct Name: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Name.self)
            for (name, value) in members { try container.encode(value, forKey: Name(stringValue: name)) }
        }
    }

    private let entries: [Entry]

    /// - Returns: nil for a benchmark that has no server.
    /// - Throws: ``EvaluationError/allFailed(benchmark:count:first:)`` where any sample has no prediction: servers want all of them.
    public init?(_ benchmark: EvaluationBenchmark, _ samples: EvaluationSamples, _ outcomes: EvaluationRun.Outcomes) throws {
        guard let form = Self.form(of: benchmark.name) else { return nil }
        entries = try outcomes.enumerated().map { number, outcome in
            let item = try samples.item(number)
            switch outcome {
            case .success(let prediction): return Self.entry(form, item.sample, prediction.answer)
            case .failure(let failure):
                throw EvaluationError.allFailed(benchmark: benchmark.name, count: 1, first: "sample \(item.sample.id): \(failure.reason)")
            }
        }
    }

    private static func form(of benchmark: String) -> Form? {
        switch benchmark {
        case "vqav2", "okvqa", "textvqa": .questions
        case "vizwiz": .images
        case "nocaps", "coco_caption", "textcaps": .captions
        case "gqa": .gqa
        default: nil
        }
    }

    private static func entry(_ form: Form, _ sample: Sample, _ answer: String) -> Entry {
        func identifier(_ text: String) -> Entry.Value { Int(text).map { .number($0) } ?? .text(text) }
        let image = sample.facts["image_id"] ?? sample.id
        return switch form {
        case .questions: Entry(members: [("question_id", identifier(sample.facts["question_id"] ?? sample.id)), ("answer", .text(answer))])
        case .images: Entry(members: [("image", .text(image)), ("answer", .text(answer))])
        case .captions: Entry(members: [("image_id", identifier(image)), ("caption", .text(answer))])
        case .gqa: Entry(members: [("questionId", .text(sample.id)), ("prediction", .text(answer))])
        }
    }

    public func write(to file: URL) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try WholeFile.write(encoder.encode(entries), to: file)
    }
}
