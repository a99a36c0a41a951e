import Foundation

/// Conversations in LLaVA's format: `id`, `image` and `conversations`, in which a human and a model take turns. Every turn of the human is
/// a sample
/// with what was said before as its history.
///
/// Source: LLaVA, `docs/Finetune_Custom_Data.md`.
enum LLaVAConversations {
    static func samples(
        _ conversations: RecordFile, image: @escaping @Sendable (_ name: String, _ record: RecordFields) throws -> SampleImage
    ) -> UnfoldedRecords {
        UnfoldedRecords(conversations, gives: { .many(try exchanges($0).count) }) { record, place, turn in
            let exchanges = try exchanges(record)
            let instruction = WrittenInstruction(
                exchanges[turn].question, response: exchanges[turn].answer, history: Array(exchanges[..<turn]))
            var facts: [String: String] = [:]
            facts["id"] = try record.optionalIdentifier("id")
            // The official ids are those of pictures, of which several conversations may speak.
            return Sample(
                id: "\(place)-\(turn + 1)", images: try record.optionalText("image").map { [try image($0, record)] } ?? [],
                task: .instruction(instruction), facts: facts)
        }
    }

    /// The turns two by two. The mark `<image>` is taken out: the model has the picture's place of its own.
    static func exchanges(_ record: RecordFields) throws -> [Exchange] {
        let turns = try record.objects("conversations")
        guard !turns.isEmpty else { throw record.bad("its \"conversations\" are empty") }
        for (number, turn) in turns.enumerated() {
            let speaker = try turn.text("from")
            let expected = number.isMultiple(of: 2) ? "human" : "gpt"
            guard speaker == expected else {
                throw turn.bad("it is from \"\(speaker)\" where it is the turn of \"\(expected)\"", .roleOrder)
            }
        }
        guard turns.count.isMultiple(of: 2) else { throw record.bad("its last turn has no response", .roleOrder) }
        let pictures = record.has("image") ? 1 : 0
        var marks = 0
        let exchanges = try stride(from: 0, to: turns.count, by: 2).map { number in
            let question = try turns[number].text("value")
            marks += question.components(separatedBy: "<image>").count - 1
            return Exchange(withoutImageMark(question), try turns[number + 1].text("value"))
        }
        guard marks == pictures else { throw Dialog.mismatch("<image>", marks, pictures, "pictures", record) }
        return exchanges
    }

    private static func withoutImageMark(_ text: String) -> String {
        guard text.contains("<image>") else { return text }
        return text.replacingOccurrences(of: "<image>", with: "").trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
