import BlipData
import Testing

@testable import BlipScenes

@Suite("Conversations about scenes")
struct ConversationTests {
    private func written(_ task: SceneTask, _ count: Int) -> [WrittenInstruction] {
        (0..<count).compactMap { seed in
            var generator = SeededGenerator(seed: UInt64(seed))
            guard let content = task.draw(&generator) else { return nil }
            guard case .instruction(let written) = content.task else {
                Issue.record("\(content.task)")
                return nil
            }
            return written
        }
    }

    private func isSentence(_ text: String) -> Bool { text.hasSuffix(".") && text.first?.isUppercase == true }

    @Test("answers of one conversation are all sentences or all short, and no question comes twice")
    func style() {
        let all = written(.conversation, 400)
        var (short, lengths) = (0, Set<Int>())
        for talk in all {
            let answers = talk.history.map(\.answer) + [talk.response ?? ""]
            let sentences = answers.count { isSentence($0) }
            #expect(sentences == 0 || sentences == answers.count, "\(answers)")
            short += sentences == 0 ? 1 : 0
            lengths.insert(answers.count)
            let questions = talk.history.map(\.question) + [talk.instruction]
            #expect(Set(questions).count == questions.count, "\(questions)")
        }
        #expect(all.count > 350 && lengths == [2, 3, 4])
        #expect((all.count * 2 / 5...all.count * 3 / 5).contains(short), "\(short) of \(all.count)")
    }

    @Test("the lesson of accounts is descriptions of everything and conversations") func accounts() throws {
        var tasks: [String: Int] = [:]
        for index in 0..<400 {
            let sample = try SceneText(.accounts).sample(index)
            tasks[sample.facts["task"] ?? "", default: 0] += 1
            guard case .instruction(let written) = sample.task else { continue }
            #expect(written.response?.isEmpty == false)
        }
        #expect(Set(tasks.keys) == ["scenes_detail", "scenes_caption", "scenes_textcaps", "scenes_conversation"], "\(tasks)")
        // 6 and 8 of 16.
        #expect((115...185).contains(tasks["scenes_detail"] ?? 0), "\(tasks)")
        #expect((165...235).contains(tasks["scenes_conversation"] ?? 0), "\(tasks)")
    }
}
