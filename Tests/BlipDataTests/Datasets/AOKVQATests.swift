import BlipData
import Foundation
import Testing

@Suite("A-OKVQA is read from its official files")
struct AOKVQATests {
    @Test("direct answers")
    func direct() throws {
        #expect(
            try DatasetFixtures.samples("aokvqa", .train) == [
                Sample(
                    id: "22MexNkBPpdZGX6sxbxVBH",
                    images: [.file(DatasetFixtures.path("coco/train2017/000000299207.jpg"), identity: "coco/299207")],
                    task: .question(
                        VisualQuestion(
                            "What is the man by the bags awaiting?",
                            answers: [
                                WeightedAnswer("ride", weight: 2), WeightedAnswer("bus"), WeightedAnswer("taxi", weight: 2),
                                WeightedAnswer("travelling"), WeightedAnswer("traffic"), WeightedAnswer("cab", weight: 2),
                                WeightedAnswer("his ride"),
                            ])), facts: ["image_id": "299207", "difficult_direct_answer": "false"])
            ])
        let validation = try DatasetFixtures.samples("aokvqa", .validation)
        #expect(validation.map(\.id) == ["22jbM6gDxdaMaunuzgrsBB", "23a0Zü"])
        #expect(validation[1].facts["difficult_direct_answer"] == "true")
        #expect(validation[1].images[0].source == .file(DatasetFixtures.path("coco/val2017/000000012345.jpg")))
        #expect(try DatasetFixtures.samples("aokvqa", .test).map(\.task) == [.question(VisualQuestion("What is he doing?"))])
    }

    @Test("multiple choice")
    func choices() throws {
        #expect(
            try DatasetFixtures.samples("aokvqa_mc", .train) == [
                Sample(
                    id: "22MexNkBPpdZGX6sxbxVBH",
                    images: [.file(DatasetFixtures.path("coco/train2017/000000299207.jpg"), identity: "coco/299207")],
                    task: .question(
                        VisualQuestion(
                            "What is the man by the bags awaiting?", options: ["skateboarder", "train", "delivery", "cab"], correct: 3)),
                    facts: [
                        "image_id": "299207", "difficult_direct_answer": "false", "question_identity": "aokvqa/22MexNkBPpdZGX6sxbxVBH",
                    ])
            ])
        #expect(try DatasetFixtures.samples("aokvqa_mc", .validation).map(\.facts["question_identity"]).last == "aokvqa/23a0Zü")
        #expect(
            try DatasetFixtures.samples("aokvqa_mc", .test).map(\.task) == [
                .question(VisualQuestion("What is he doing?", options: ["a", "b", "c", "d"]))
            ])
    }
}
