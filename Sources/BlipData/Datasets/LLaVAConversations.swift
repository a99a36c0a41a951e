import Foundation

/// Conversations in LLaVA's format: `id`, `image` and `conversations`, in which a human and a model take turns. Every turn of the human is
/// a sample
/// with what was said before as its history.
///
/// Source: LLaVA, `docs/Finetune_Custom_Data.md`.
struct LLaVAConversations: SampleCollection {
    private let conversations: RecordFile
    /// The number of the first sample of each conversation, and how many there are.
    private let starts: [Int]
    private let image: @Sendable (_ name: String, _ record: RecordFields) throws -> SampleImage

    /// Reads the file once more to count the turns. A conversation that cannot be read counts as one sample, which says why.
    init(
        _ conversations: RecordFile, image: @escaping @Sendable (_ name: String, _ record: RecordFields) throws -> SampleImage
    ) {
        self.conversations = conversations
        self.image = image
        var starts = [0]
        starts.reserveCapacity(conversations.count + 1)
        for index in 0..<conversations.count { starts.append(starts[index] + Self.turns(conversations, index)) }
        self.starts = starts
    }

    var count: Int { starts[conversations.count] }

    func sample(_ index: Int) throws -> Sample {
        let place = conversation(of: index)
        let turn = index - starts[place]
        let record = try RecordFields(conversations, place)
        let exchanges = try Self.exchanges(record)
        let instruction = WrittenInstruction(
            exchanges[turn].question, response: exchanges[turn].answer, history: Array(exchanges[..<turn]))
        var facts: [String: String] = [:]
        facts["id"] = try record.optionalIdentifier("id")
        // The official ids are those of pictures, of which several conversations may speak.
        return Sample(
            id: "\(place)-\(turn + 1)", images: try record.optionalText("image").map { [try image($0, record)] } ?? [],
            task: .instruction(instruction), facts: facts)
    }

    private static func turns(_ conversations: RecordFile, _ index: Int) -> Int {
        do { return try exchanges(RecordFields(conversations, index)).count } catch { return 1 }
    }

    /// The conversation with a sample, found by halving.
    private func conversation(of index: Int) -> Int {
        var low = 0
        var high = conversations.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= index { low = middle } else { high = middle }
        }
        return low
    }

    /// The turns two by two. The mark `<image>` is taken out: the model has the picture's place of its own.
    static func exchanges(_ record: RecordFields) throws -> [Exchange] {
        let turns = try record.objects("conversations")
        guard !turns.isEmpty else { throw record.bad("its \"conversations\" are empty") }
        for (number, turn) in turns.enumerated() {
            let speaker = try turn.text("from")
            let expected = number.isMultiple(of: 2) ? "human" : "gpt"
            guard speaker == expected else { throw turn.bad("it is from \"\(speaker)\" where it is the turn of \"\(expected)\"") }
        }
        guard turns.count.isMultiple(of: 2) else { throw record.bad("its last turn has no response") }
        return try stride(from: 0, to: turns.count, by: 2).map { number in
            Exchange(withoutImageMark(try turns[number].text("value")), try turns[number + 1].text("value"))
        }
    }

    private static func withoutImageMark(_ text: String) -> String {
        guard text.contains("<image>") else { return text }
        return text.replacingOccurrences(of: "<image>", with: "").trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
