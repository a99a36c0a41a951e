import BlipData
import Testing

@Suite("OKVQA is read from its official files")
struct OKVQATests {
    @Test("questions meet their annotations, answers are counted")
    func samples() throws {
        let samples = try DatasetFixtures.samples("okvqa", .validation)
        #expect(samples.map(\.id) == ["2971475", "3397615"])
        #expect(
            samples[0]
                == Sample(
                    id: "2971475",
                    images: [.file(DatasetFixtures.path("coco/val2014/COCO_val2014_000000297147.jpg"), identity: "coco/297147")],
                    task: .question(
                        VisualQuestion(
                            "What café sells this “thing”?",
                            answers: [WeightedAnswer("race", weight: 4), WeightedAnswer("motocross", weight: 6)])),
                    facts: ["image_id": "297147", "question_type": "four", "answer_type": "other"]))
    }
}
