import BlipModels
import BlipTokenizers

/// What is documented of a published checkpoint's answer to a question: only what somebody wrote down, never what this program said.
struct GoldenExample: Sendable {
    /// Of the hub's `Salesforce/`.
    let checkpoint: String
    let instruction: String
    let picture: String
    /// What the language model reads after the picture's places.
    let promptIDs: [Int]
    /// What the answer begins with.
    let answerIDs: [Int]
    let source: String

    static let all: [GoldenExample] = [
        GoldenExample(
            checkpoint: "instructblip-vicuna-7b", instruction: "What is unusual about this image?",
            picture: "the picture of the model card",
            promptIDs: [2, 1724, 338, 22910, 1048, 445, 1967, 29973], answerIDs: [450],
            source: "the integration test of transformers")
    ]

    /// The example of the checkpoint that a folder is.
    static func of(_ subject: DoctorSubject) throws -> GoldenExample? {
        let likeness = try CheckpointLikeness(subject)
        return likeness.isSameArchitecture ? all.first { $0.checkpoint == likeness.name } : nil
    }
}

extension DoctorCheck {
    /// What can be told of documented answers without computing one.
    static let golden: [DoctorCheck] = [
        DoctorCheck(.answers, "golden-prompt", "the documented question gets the documented ids") { subject in
            guard let example = try GoldenExample.of(subject) else {
                return .doesNotApply("no documented example of this checkpoint is known")
            }
            let ids = try subject.tokenizer.encode(example.instruction)
            guard ids == example.promptIDs else {
                return .wrong(
                    "\"\(example.instruction)\" is read as \(ids), documented is \(example.promptIDs) (\(example.source)): the tokenizer is not that of Salesforce/\(example.checkpoint)",
                    remedy: "fetch tokenizer.json and tokenizer_config.json of Salesforce/\(example.checkpoint)")
            }
            return .fine("\"\(example.instruction)\" is read as \(example.source) has it")
        }
    ]
}
