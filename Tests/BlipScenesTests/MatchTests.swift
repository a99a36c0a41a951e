import BlipData
import Testing

@testable import BlipScenes

@Suite("Whether one thing is two things at once")
struct MatchTests {
    /// A question of 600 scenes, and what it claims of which.
    private struct Asked {
        let scene: Scene
        let question: SceneQuestion
        let color: ObjectColor
        let kind: ObjectKind

        var isKindThere: Bool { scene.objects.contains { $0.kind == kind } }
        var isColorThere: Bool { scene.objects.contains { $0.color == color } }
        var isBoth: Bool { scene.objects.contains { $0.color == color && $0.kind == kind } }
    }

    private func asked(_ form: MatchWriter.Form) throws -> [Asked] {
        try (0..<600).map { seed in
            var generator = SeededGenerator(seed: UInt64(seed))
            let style = SceneStyle(objects: 2...6, overlap: 0.5)
            let (scene, question) = try #require(SceneTask.found(style, &generator) { MatchWriter($0).question(form, &$1) })
            let words = question.text.split { !$0.isLetter }.map { String($0) }
            let sentence = " \(words.joined(separator: " ")) "
            let colors = ObjectColor.allCases.filter { words.contains($0.name) }
            let kinds = ObjectKind.allCases.filter { sentence.contains(" \($0.name) ") }
            try #require(colors.count == 1 && kinds.count == 1, "\(question.text)")
            return Asked(scene: scene, question: question, color: colors[0], kind: kinds[0])
        }
    }

    @Test("yes where one thing is both, and otherwise no; either half of the time") func direct() throws {
        let all = try asked(.direct)
        for item in all {
            #expect(item.question.kind == .existence)
            #expect(item.question.answer == (item.isBoth ? "yes" : "no"), "\(item.question.text)")
        }
        let yes = all.count { $0.isBoth }
        #expect((250...350).contains(yes), "\(yes)")
    }

    @Test("where it is no, the kind is there, and mostly the color of something else") func halves() throws {
        let wrong = try asked(.direct).filter { $0.question.answer == "no" }
        for item in wrong { #expect(item.isKindThere, "\(item.question.text)") }
        let elsewhere = wrong.count { $0.isColorThere }
        #expect(elsewhere * 2 > wrong.count && elsewhere < wrong.count, "\(elsewhere) of \(wrong.count)")
    }

    @Test("an explanation names the color that the thing has") func thought() throws {
        for item in try asked(.thought) {
            let thing = try #require(item.scene.objects.first { $0.kind == item.kind })
            let expected = "\(thing.color), so \(thing.color == item.color ? "yes" : "no")"
            #expect(item.question.answer == expected && item.question.text.hasSuffix(" Explain."), "\(item.question.text)")
        }
    }

    @Test("the lesson has both forms, and other sets that go by them") func lesson() throws {
        var tasks: Set<String> = []
        var explained = 0
        for index in 0..<400 {
            let sample = try SceneText(.matches).sample(index)
            tasks.insert(sample.facts["task"] ?? "")
            guard case .instruction(let written) = sample.task else { continue }
            explained += written.instruction.hasSuffix("Explain.") ? 1 : 0
            #expect(sample.descriptions.count >= 1)
        }
        #expect(tasks == ["scenes_matches", "scenes_gqa", "scenes_memes"], "\(tasks)")
        #expect((60...160).contains(explained), "\(explained)")
    }
}
