import BlipData
import Testing

@testable import BlipScenes

@Suite("Interviews") struct SceneInterviewTests {
    @Test("every seed gives a scene with five instructions in the prompts of their sets, the same every time")
    func items() throws {
        var texts: Set<String> = []
        for seed in UInt64(0)..<200 {
            let interview = try SceneInterview(seed: seed)
            #expect(interview.items.map(\.name) == ["question", "caption", "reading", "counting", "statement"])
            for item in interview.items {
                #expect(!item.answers.isEmpty && item.instruction.contains(item.question) && !item.instruction.contains("{"))
                #expect(item.isOpen == (item.name == "caption") && item.candidates.isEmpty == (item.name != "statement"))
            }
            #expect(interview.items[0].instruction.hasPrefix("Question: ") && interview.items[4].candidates == ["true", "false"])
            let again = try SceneInterview(seed: seed)
            #expect(again.scene == interview.scene && again.items.map(\.instruction) == interview.items.map(\.instruction))
            texts.insert(SceneDescription(interview.scene).text)
        }
        #expect(texts.count == 200)
    }

    @Test("what it calls right is what somebody finds who only has the description")
    func truth() throws {
        var trueStatements = 0
        for seed in UInt64(0)..<200 {
            let interview = try SceneInterview(seed: seed)
            let solver = SceneSolver(scene: interview.scene)
            let text = interview.items[2]
            #expect(text.answers.contains(solver.answer(text.question, "text") ?? "?"), "\(text.question)")
            let count = interview.items[3]
            #expect(count.answers.contains(solver.answer(count.question, "count") ?? "?"), "\(count.question)")
            if interview.items[4].answers == ["true"] { trueStatements += 1 }
        }
        #expect((70...130).contains(trueStatements))
    }
}
