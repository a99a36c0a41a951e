import BlipData
import Foundation
import Testing

@Suite("VQAv2 is read from its official files")
struct VQAv2Tests {
    @Test("questions meet their annotations in whatever order")
    func publicSplits() throws {
        let train = try DatasetFixtures.samples("vqav2", .train)
        #expect(
            train == [
                Sample(
                    id: "458752000",
                    images: [.file(DatasetFixtures.path("coco/train2014/COCO_train2014_000000458752.jpg"), identity: "coco/458752")],
                    task: .question(
                        VisualQuestion(
                            "What is this photo taken looking through?",
                            answers: [WeightedAnswer("net", weight: 7), WeightedAnswer("mesh", weight: 2), WeightedAnswer("netting")])),
                    facts: ["image_id": "458752", "question_type": "what is this", "answer_type": "other"]),
                Sample(
                    id: "458752001",
                    images: [.file(DatasetFixtures.path("coco/train2014/COCO_train2014_000000458752.jpg"), identity: "coco/458752")],
                    task: .question(
                        VisualQuestion(
                            "Is the man's shirt “blue”?", answers: [WeightedAnswer("yes", weight: 6), WeightedAnswer("no", weight: 4)])),
                    facts: ["image_id": "458752", "question_type": "is the man", "answer_type": "yes/no"]),
            ])
        let validation = try DatasetFixtures.samples("vqav2", .validation)
        #expect(validation.map(\.id) == ["262148001", "262148000"])
        #expect(
            validation[0].task
                == .question(VisualQuestion("How many dogs?", answers: [WeightedAnswer("0", weight: 9), WeightedAnswer("zero")])))
        #expect(validation[1].facts["question_type"] == "where")
    }

    @Test("the tests' answers are secret")
    func secretSplits() throws {
        let test = try DatasetFixtures.samples("vqav2", .test)
        #expect(test.map(\.id) == ["262144000", "1000"])
        #expect(
            test[1]
                == Sample(
                    id: "1000", images: [.file(DatasetFixtures.path("coco/test2015/COCO_test2015_000000000001.jpg"), identity: "coco/1")],
                    task: .question(VisualQuestion("How big?")), facts: ["image_id": "1"]))
        #expect(try DatasetFixtures.samples("vqav2", .testDevelopment).map(\.id) == ["262144000"])
    }

    @Test("an annotation of no question, and a second one of the same, are samples that fail")
    func strayAnnotations() throws {
        func annotation(_ id: Int) -> String { #"{"question_id": \#(id), "answers": [{"answer": "a"}]}"# }
        let files = [
            "vqav2/v2_OpenEnded_mscoco_val2014_questions.json": #"{"questions": [{"question_id": 1, "question": "?", "image_id": 9}]}"#,
            "vqav2/v2_mscoco_val2014_annotations.json": "{\"annotations\": [\(annotation(1)), \(annotation(7)), \(annotation(1))]}",
        ]
        try withDatasets(files) { root in
            let samples = try DatasetCatalog.dataset("vqav2").open(root, .validation)
            try #require(samples.count == 3 && samples.size == 1)
            #expect(try samples.sample(0).id == "1")
            #expect(failure("vqav2", .validation, 1, below: root)?.contains("record 2 (byte ") == true)
            #expect(failure("vqav2", .validation, 1, below: root)?.contains("no question has its question_id 7") == true)
            #expect(failure("vqav2", .validation, 2, below: root)?.contains("record 3 (byte ") == true)
        }
    }
}
